// The gateway put together. It has no database: whatever it answers, an owner said over the bus.
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bus, keepIncidents } from '@cairn/bus'
import { createAddressReader, refuseUnsafeOrigins, startRateLimits, type RateLimits } from '@cairn/edge'
import { HealthState, startOpsServer, userHasher, type Logger, type RunningService } from '@cairn/runtime'
import { startTokenGuard, type TokenGuard } from '@cairn/tokens'
import { gatewayVariables, refuseShortIdleTimeout, refuseUnholdableBodies, type GatewayConfig } from './config.ts'
import { createOwners, type Owners } from './http/owners.ts'
import { createServer } from './http/server.ts'
import { createLimits } from './limits/gateway-limits.ts'

export interface RunningGateway extends RunningService {
  readonly port: number
  readonly opsPort: number
}

/** What there is of it yet. */
interface Started {
  bus?: Bus
  guard?: TokenGuard
  rateLimits?: RateLimits
  owners?: Owners
}

const healthOf = (started: Started): HealthState =>
  new HealthState(
    { bus: () => started.bus?.connected === true, tokens: () => started.guard?.ready === true },
    {
      redis: () => started.rateLimits?.shared === true,
      auth: () => started.owners?.answers('auth') === true,
      progress: () => started.owners?.answers('progress') === true,
    },
  )

/** Rejects with `ConfigError` when a listed origin is not fit for production, or idle connections are given up too soon. */
export const startGateway = async (config: GatewayConfig, logger: Logger): Promise<RunningGateway> => {
  const { natsUrl: url, incidentsPerSecond } = config
  refuseUnsafeOrigins(config.nodeEnv, { name: gatewayVariables.allowedOrigins.name, origins: config.allowedOrigins })
  refuseShortIdleTimeout(config)
  refuseUnholdableBodies(config)
  const started: Started = {}
  const health = healthOf(started)
  const ops = await startOpsServer({ port: config.opsPort, host: config.opsHost }, health, logger.metrics)
  const bus = (started.bus = await Bus.connect({ url, name: 'gateway', logger, incidentsPerSecond }))
  const incidents = keepIncidents(bus, config)
  const { requestTimeoutMs, maxInFlightPerOwner: mostInFlight } = config
  const guard = (started.guard = await startTokenGuard({ bus, logger, config, requestTimeoutMs }))
  const rateLimits = (started.rateLimits = startRateLimits({ config, logger }))
  const owners = (started.owners = createOwners({ bus, timeoutMs: requestTimeoutMs, mostInFlight }))
  const hashUser = userHasher(config.userHashKey)
  const limits = createLimits(rateLimits, config)
  const addressOf = createAddressReader(config.trustedProxies)
  const context = { ask: owners.ask, guard, health, logger, incidents: bus.incidents, hashUser, limits, addressOf }
  const server = createServer(context, config)
  await server.listen({ port: config.port, host: config.host })
  const { port } = server.server.address() as AddressInfo
  logger.info({ port, ops_port: ops.port }, 'gateway listens')
  const stop = async (): Promise<void> => {
    health.leave()
    if (config.drainNoticeMs > 0) await sleep(config.drainNoticeMs)
    health.drain()
    const timer = setTimeout(() => server.server.closeAllConnections(), config.drainWindowMs)
    await server.close()
    clearTimeout(timer)
    guard.stop()
    rateLimits.stop()
    await incidents.stop()
    await bus.drain(config.drainWindowMs)
    await ops.close()
  }
  return { port, opsPort: ops.port, stop, crashed: incidents.crashed }
}
