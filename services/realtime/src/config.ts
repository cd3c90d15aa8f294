// Everything that can be set of the realtime service.
import { commonVariables, ConfigError, variable, type ConfigOf } from '@cairn/runtime'
import { edgeVariables, originsVariable } from '@cairn/edge'
import { guardVariables } from '@cairn/tokens'
import { repairVariables } from './repair-variables.ts'

const listening = {
  port: variable.port('REALTIME_PORT', { fallback: 8081, description: 'port of socket.io and plain WebSocket' }),
  host: variable.text('REALTIME_HOST', { fallback: '0.0.0.0', description: 'address both doors listen on' }),
  opsPort: variable.port('REALTIME_OPS_PORT', { fallback: 9104, description: 'ops port of realtime' }),
  allowedOrigins: originsVariable('REALTIME_ALLOWED_ORIGINS', {
    description: 'origins of web pages that may open sockets, besides the origin of this server itself',
  }),
} as const

const handshakes = {
  handshakeTimeoutMs: variable.integer('REALTIME_HANDSHAKE_TIMEOUT_MS', {
    min: 100,
    max: 30_000,
    fallback: 3_000,
    description: 'longest wait of a handshake for the head of the log',
  }),
  namespaceTimeoutMs: variable.integer('REALTIME_NAMESPACE_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 5_000,
    description: 'a socket.io connection that is without a namespace for this long is closed',
  }),
  handshakesPerUser: variable.integer('REALTIME_HANDSHAKES_PER_USER', {
    min: 1,
    max: 100_000_000,
    fallback: 60,
    description: 'handshakes of one user a minute, over all nodes',
  }),
  handshakesPerAddress: variable.integer('REALTIME_HANDSHAKES_PER_ADDRESS', {
    min: 1,
    max: 100_000_000,
    fallback: 1_200,
    description:
      'handshakes from one address a minute, over all nodes, whether they succeed or not; going on from polling to a WebSocket is one',
  }),
  maxConnections: variable.integer('REALTIME_MAX_CONNECTIONS', {
    min: 1,
    max: 1_000_000,
    fallback: 20_000,
    description:
      'connections of this node, each WebSocket that is about to take the place of polling among them; more are refused as unavailable',
  }),
  maxTcpConnections: variable.integer('REALTIME_MAX_TCP_CONNECTIONS', {
    min: 0,
    max: 1_000_000,
    fallback: 0,
    description:
      'TCP connections of this node, whatever they carry (polling takes up to two); more are dropped; 0: two and a half times REALTIME_MAX_CONNECTIONS, and at least 50000',
  }),
  maxHandshakesWaiting: variable.integer('REALTIME_MAX_HANDSHAKES_WAITING', {
    min: 1,
    max: 1_000_000,
    fallback: 5_000,
    description:
      'handshakes of this node that wait for the head of a log at the same time; more are refused as unavailable',
  }),
  socketsPerUser: variable.integer('REALTIME_SOCKETS_PER_USER', {
    min: 1,
    max: 10_000,
    fallback: 10,
    description: 'sockets of one user on this node; of more the oldest is closed',
  }),
} as const

const connections = {
  maxFrameBytes: variable.integer('REALTIME_MAX_FRAME_BYTES', {
    min: 1_024,
    max: 1_048_576,
    fallback: 16_384,
    description: 'largest frame taken from a client',
  }),
  framesPerMinute: variable.integer('REALTIME_FRAMES_PER_MINUTE', {
    min: 1,
    max: 1_000_000,
    fallback: 120,
    description: 'frames taken from one client a minute; one that sends more is closed as too many',
  }),
  packetsPerMinute: variable.integer('REALTIME_PACKETS_PER_MINUTE', {
    min: 10,
    max: 10_000_000,
    fallback: 600,
    description:
      'packets of any kind, frames among them, taken from one socket.io connection a minute, for all its namespaces; of more it is closed',
  }),
  pingIntervalMs: variable.integer('REALTIME_PING_INTERVAL_MS', {
    min: 100,
    max: 300_000,
    fallback: 25_000,
    description: 'how often a client is pinged',
  }),
  pongTimeoutMs: variable.integer('REALTIME_PONG_TIMEOUT_MS', {
    min: 100,
    max: 300_000,
    fallback: 20_000,
    description: 'silence after a ping that ends the connection',
  }),
  outboundPauseBytes: variable.integer('REALTIME_OUTBOUND_PAUSE_BYTES', {
    min: 1_024,
    max: 16_777_216,
    fallback: 262_144,
    description: 'bytes waiting to go out to one client at which nothing more of the log is added',
  }),
  slowClientTimeoutMs: variable.integer('REALTIME_SLOW_CLIENT_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 8_000,
    description: 'a client that stays above that mark for this long is closed as too slow',
  }),
  closeTimeoutMs: variable.integer('REALTIME_CLOSE_TIMEOUT_MS', {
    min: 100,
    max: 30_000,
    fallback: 1_000,
    description: 'longest wait for a client to answer a close before the connection is cut',
  }),
  tokenWarningSeconds: variable.integer('REALTIME_TOKEN_WARNING_S', {
    min: 1,
    max: 3_600,
    fallback: 60,
    description: 'seconds before the end of its token that a client is told, at most half of its life',
  }),
  tokenGraceSeconds: variable.integer('REALTIME_TOKEN_GRACE_S', {
    min: 0,
    max: 24,
    fallback: 20,
    description: 'seconds a connection outlives its token, so that a refresh under way can arrive',
  }),
  drainRetryMs: variable.integer('REALTIME_DRAIN_RETRY_MS', {
    min: 0,
    max: 300_000,
    fallback: 1_000,
    description:
      'clients of a stopping node, those an operator disconnects and those whose key is withdrawn are told to wait a random time up to this before they come back',
  }),
} as const

const logging = {
  warningIntervalMs: variable.integer('REALTIME_WARNING_INTERVAL_MS', {
    min: 100,
    max: 3_600_000,
    fallback: 5_000,
    description:
      'a warning that many connections give rise to is logged once in this time, with how many there were; logs that cannot be read share an incident for as long',
  }),
} as const

const orders = {
  orderCheckMs: variable.integer('REALTIME_ORDER_CHECK_MS', {
    min: 50,
    max: 60_000,
    fallback: 5_000,
    description: "how often the connections to Redis that carry operators' orders are asked whether they still answer",
  }),
} as const

export const realtimeVariables = {
  ...commonVariables,
  ...guardVariables,
  ...edgeVariables,
  ...listening,
  ...handshakes,
  ...connections,
  ...repairVariables,
  ...orders,
  ...logging,
} as const

export type RealtimeConfig = ConfigOf<typeof realtimeVariables>

/** Polling takes up to two for each, and those that are refused take some until they are answered. */
const tcpConnectionsEach = 2.5
const leastTcpConnections = 50_000

export const mostTcpConnections = ({ maxConnections, maxTcpConnections }: RealtimeConfig): number =>
  maxTcpConnections === 0
    ? Math.max(leastTcpConnections, Math.ceil(tcpConnectionsEach * maxConnections))
    : maxTcpConnections

/** Throws `ConfigError` when one limit would keep another from ever being reached. */
export const refuseUnreachableLimits = (config: RealtimeConfig): void => {
  const faults: string[] = []
  if (mostTcpConnections(config) < config.maxConnections) {
    faults.push('REALTIME_MAX_TCP_CONNECTIONS: may not be less than REALTIME_MAX_CONNECTIONS')
  }
  if (config.packetsPerMinute < config.framesPerMinute) {
    faults.push(
      'REALTIME_PACKETS_PER_MINUTE: may not be less than REALTIME_FRAMES_PER_MINUTE, since a frame is a packet',
    )
  }
  if (faults.length > 0) throw new ConfigError(faults)
}
