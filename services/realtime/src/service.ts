// The realtime service put together: the bus, the verifier, all connections of this node, and two doors on one port.
import type { AddressInfo } from 'node:net'
import { Bus, keepIncidents } from '@cairn/bus'
import { createAddressReader, refuseUnsafeOrigins } from '@cairn/edge'
import { HealthState, startOpsServer, userHasher, type Logger, type RunningService } from '@cairn/runtime'
import { startTokenGuard, type TokenGuard } from '@cairn/tokens'
import { refuseUnreachableLimits, type RealtimeConfig } from './config.ts'
import type { ConnectionRegistry } from './core/connection-registry.ts'
import { createCore } from './core/create-core.ts'
import { startHandshakeLimits, type HandshakeLimits } from './core/handshake-limits.ts'
import { drainConnections } from './core/drain-connections.ts'
import { createHttpServer, type HttpDoors } from './doors/http-server.ts'
import { openOrderChannel, type OrderChannel } from './operators/order-channel.ts'
import { takeOrders } from './operators/take-orders.ts'

export interface RunningRealtime extends RunningService {
  readonly port: number
  readonly opsPort: number
}

/** Within a second of the end of a session, or of the key of its token, and after the bus was lost, its sockets are closed. */
const closeWhatEnds = (guard: TokenGuard, registry: ConnectionRegistry, retryMs: number): void => {
  guard.onSessionEnded(({ user_id, session_id }) => registry.endSession(user_id, session_id))
  guard.onUserSignedOut(({ user_id, not_after }) => registry.signOutUser(user_id, not_after))
  guard.onVerdictsChanged(() => registry.recheck(claims => guard.verdictOn(claims), retryMs))
}

interface Started {
  bus?: Bus
  guard?: TokenGuard
  limits?: HandshakeLimits
  orders?: OrderChannel
}

const healthOf = (started: Started): HealthState =>
  new HealthState(
    { bus: () => started.bus?.connected ?? false, tokens: () => started.guard?.ready ?? false },
    { redis: () => (started.limits?.shared ?? false) && (started.orders?.reachable ?? false) },
  )

const listen = async ({ server }: HttpDoors, { port, host }: RealtimeConfig): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

/** Listens as soon as it is connected to the bus; ready once keys and deny list of access tokens are known. */
export const startRealtime = async (config: RealtimeConfig, logger: Logger): Promise<RunningRealtime> => {
  refuseUnsafeOrigins(config.nodeEnv, { name: 'REALTIME_ALLOWED_ORIGINS', origins: config.allowedOrigins })
  refuseUnreachableLimits(config)
  const started: Started = {}
  const health = healthOf(started)
  const ops = await startOpsServer({ port: config.opsPort, host: config.opsHost }, health, logger.metrics)
  const { natsUrl: url, incidentsPerSecond } = config
  const bus = (started.bus = await Bus.connect({ url, name: 'realtime', logger, incidentsPerSecond }))
  const keeper = keepIncidents(bus, config)
  const guard = (started.guard = await startTokenGuard({
    bus,
    logger,
    config,
    requestTimeoutMs: config.handshakeTimeoutMs,
  }))
  const hashUser = userHasher(config.userHashKey)
  const { wheel, ...core } = createCore(config, bus, hashUser)
  const { registry } = core
  closeWhatEnds(guard, registry, config.drainRetryMs)
  logger.metrics.gauge('cairn.sockets', () => registry.size)
  const limits = (started.limits = startHandshakeLimits(config, logger))
  const orders = (started.orders = openOrderChannel({ ...config, checkMs: config.orderCheckMs, logger, role: 'node' }))
  takeOrders(orders, { registry, logger, hashUser, retryMs: config.drainRetryMs })
  const doors = createHttpServer({
    ...core,
    config,
    logger,
    incidents: bus.incidents,
    guard,
    health,
    hashUser,
    limits,
    readAddress: createAddressReader(config.trustedProxies),
  })
  wheel.start()
  const port = await listen(doors, config)
  logger.info({ port, ops_port: ops.port }, 'realtime listens')

  const stop = async (): Promise<void> => {
    health.drain()
    const { drainWindowMs: windowMs, drainRetryMs: retryMs, closeTimeoutMs } = config
    await drainConnections(registry, { windowMs, retryMs, closeTimeoutMs })
    wheel.stop()
    await doors.close()
    guard.stop()
    limits.stop()
    orders.stop()
    await keeper.stop()
    await bus.drain(config.drainWindowMs)
    await ops.close()
  }
  return { port, opsPort: ops.port, stop, crashed: keeper.crashed }
}
