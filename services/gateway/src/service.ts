// The gateway put together. It has no database: whatever it answers, an owner said over the bus.
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bus, keepIncidents } from '@cairn/bus'
import { createAddressReader, refuseUnsafeOrigins, startRateLimits } from '@cairn/edge'
import { HealthState, startOpsServer, userHasher, type Logger, type RunningService } from '@cairn/runtime'
import { startTokenGuard } from '@cairn/tokens'
import { gatewayVariables, refuseShortIdleTimeout, refuseUnholdableBodies, type GatewayConfig } from './config.ts'
import { createOwners } from './http/owners.ts'
import { createServer } from './http/server.ts'
import { createLimits } from './limits/gateway-limits.ts'

export interface RunningGateway extends RunningService {
  readonly port: number
  readonly opsPort: number
}

/** Rejects with `ConfigError` when a listed origin is not fit for production, or idle connections are given up too soon. */
export const startGateway = async (config: GatewayConfig, logger: Logger): Promise<RunningGateway> => {
  const { natsUrl: url, incidentsPerSecond } = config
  refuseUnsafeOrigins(config.nodeEnv, { name: gatewayVariables.allowedOrigins.name, origins: config.allowedOrigins })
  refuseShortIdleTimeout(config)
  refuseUnholdableBodies(config)
  const bus = await Bus.connect({ url, name: 'gateway', logger, incidentsPerSecond })
  const incidents = keepIncidents(bus, config)
  const guard = await startTokenGuard({ bus, logger, config, requestTimeoutMs: config.requestTimeoutMs })
  const rateLimits = startRateLimits({ config, logger })
  const owners = createOwners({
    bus,
    timeoutMs: config.requestTimeoutMs,
    mostInFlight: config.maxInFlightPerOwner,
  })
  const health = new HealthState(
    { bus: () => bus.connected, tokens: () => guard.ready },
    { redis: () => rateLimits.shared, auth: () => owners.answers('auth'), progress: () => owners.answers('progress') },
  )
  const ops = await startOpsServer({ port: config.opsPort, host: config.opsHost }, health, logger.metrics)
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
