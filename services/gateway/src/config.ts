// Everything that can be set of the gateway.
import { edgeVariables, originsVariable } from '@cairn/edge'
import { commonVariables, ConfigError, variable, type ConfigOf } from '@cairn/runtime'
import { guardVariables } from '@cairn/tokens'
import { limitVariables } from './limits/limit-variables.ts'

export const gatewayVariables = {
  ...commonVariables,
  ...guardVariables,
  ...edgeVariables,
  ...limitVariables,
  port: variable.port('GATEWAY_PORT', { fallback: 8080, description: 'port of the HTTP edge' }),
  host: variable.text('GATEWAY_HOST', { fallback: '0.0.0.0', description: 'address the HTTP edge listens on' }),
  opsPort: variable.port('GATEWAY_OPS_PORT', { fallback: 9101, description: 'ops port of the gateway' }),
  requestTimeoutMs: variable.integer('GATEWAY_REQUEST_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 5_000,
    description: 'longest wait for an owner; owners give up one second earlier',
  }),
  allowedOrigins: originsVariable('GATEWAY_ALLOWED_ORIGINS', {
    description: 'origins of web pages that may use the API from a browser',
  }),
  receiveTimeoutMs: variable.integer('GATEWAY_RECEIVE_TIMEOUT_MS', {
    min: 1_000,
    max: 300_000,
    fallback: 15_000,
    description: 'longest time a client may take to send a request',
  }),
  idleTimeoutMs: variable.integer('GATEWAY_IDLE_TIMEOUT_MS', {
    min: 10_000,
    max: 3_600_000,
    fallback: 65_000,
    description:
      'a connection on which nothing moves for so long is closed; longer than the load balancer in front keeps its own, and than GATEWAY_REQUEST_TIMEOUT_MS',
  }),
  drainNoticeMs: variable.integer('GATEWAY_DRAIN_NOTICE_MS', {
    min: 0,
    max: 60_000,
    fallback: 5_000,
    description:
      'how long a stopping gateway serves on after it has said that it is not ready, so that balancers leave it first',
  }),
  maxConnections: variable.integer('GATEWAY_MAX_CONNECTIONS', {
    min: 1,
    max: 1_000_000,
    fallback: 10_000,
    description: 'connections open at the same time; more are answered 503 and closed',
  }),
  maxConnectionsPerAddress: variable.integer('GATEWAY_MAX_CONNECTIONS_PER_ADDRESS', {
    min: 1,
    max: 1_000_000,
    fallback: 1_000,
    description:
      'connections of one address open at the same time, those of trusted proxies aside; more are answered 429 and closed',
  }),
  maxRefusedConnections: variable.integer('GATEWAY_MAX_REFUSED_CONNECTIONS', {
    min: 1,
    max: 1_000_000,
    fallback: 1_000,
    description:
      'connections beyond those limits that are answered at the same time, each for at most a second; more are closed without an answer',
  }),
  maxBodyBytes: variable.integer('GATEWAY_MAX_BODY_BYTES', {
    min: 1_024,
    max: 1_900_000,
    fallback: 1_048_576,
    description: 'largest request body; more is 413',
  }),
  maxInFlight: variable.integer('GATEWAY_MAX_IN_FLIGHT', {
    min: 1,
    max: 100_000,
    fallback: 2_000,
    description: 'requests worked on at the same time, their bodies being there; more are answered 503',
  }),
  maxInFlightPerAddress: variable.integer('GATEWAY_MAX_IN_FLIGHT_PER_ADDRESS', {
    min: 1,
    max: 100_000,
    fallback: 1_000,
    description:
      'requests of one address that are not answered to their end, those whose body is on its way included; more are answered 429',
  }),
  maxPipelined: variable.integer('GATEWAY_MAX_PIPELINED_REQUESTS', {
    min: 1,
    max: 10_000,
    fallback: 64,
    description: 'requests of one connection that are not answered to their end; one that asks for more is closed',
  }),
  maxReceiving: variable.integer('GATEWAY_MAX_RECEIVING_REQUESTS', {
    min: 1,
    max: 1_000_000,
    fallback: 2_000,
    description: 'requests whose bodies are on their way at the same time; more are answered 503',
  }),
  maxReceivingPerAddress: variable.integer('GATEWAY_MAX_RECEIVING_REQUESTS_PER_ADDRESS', {
    min: 1,
    max: 1_000_000,
    fallback: 500,
    description: 'of these, those of one address; more are answered 429',
  }),
  maxHeldBodyBytes: variable.integer('GATEWAY_MAX_HELD_BODY_BYTES', {
    min: 65_536,
    max: 4_294_967_296,
    fallback: 67_108_864,
    description:
      'bytes of request bodies held at the same time, from their arrival to the answer, each piece of one counting 256 more; beyond, requests are answered 503',
  }),
  maxHeldBodyBytesPerAddress: variable.integer('GATEWAY_MAX_HELD_BODY_BYTES_PER_ADDRESS', {
    min: 65_536,
    max: 4_294_967_296,
    fallback: 16_777_216,
    description: 'of these, those of one address; beyond, its requests are answered 429',
  }),
  maxInFlightPerOwner: variable.integer('GATEWAY_MAX_IN_FLIGHT_PER_OWNER', {
    min: 1,
    max: 100_000,
    fallback: 1_000,
    description: 'requests waiting for one service; more are answered 503, and those for others go on',
  }),
} as const

export type GatewayConfig = ConfigOf<typeof gatewayVariables>

/** Throws `ConfigError` when connections would be closed while their requests wait for an owner. */
export const refuseShortIdleTimeout = ({ idleTimeoutMs, requestTimeoutMs }: GatewayConfig): void => {
  if (idleTimeoutMs > requestTimeoutMs) return
  const { idleTimeoutMs: idle, requestTimeoutMs: request } = gatewayVariables
  throw new ConfigError([`${idle.name}: has to be longer than ${request.name}`])
}

/** Throws `ConfigError` when the largest body, sent in small pieces, would not be held even by itself. */
export const refuseUnholdableBodies = (config: GatewayConfig): void => {
  const { maxHeldBodyBytes, maxHeldBodyBytesPerAddress, maxBodyBytes } = gatewayVariables
  const tooSmall = (
    [
      ['maxHeldBodyBytes', maxHeldBodyBytes],
      ['maxHeldBodyBytesPerAddress', maxHeldBodyBytesPerAddress],
    ] as const
  )
    .filter(([key]) => config[key] < 2 * config.maxBodyBytes)
    .map(([, { name }]) => `${name}: has to be at least twice ${maxBodyBytes.name}`)
  if (tooSmall.length > 0) throw new ConfigError(tooSmall)
}
