// The core of a node put together: what knows neither door.
import type { Bus } from '@cairn/bus'
import type { HashUser } from '@cairn/runtime'
import type { RealtimeConfig } from '../config.ts'
import type { ConnectionContext } from './connection.ts'
import { ConnectionRegistry } from './connection-registry.ts'
import { createLogReader, type LogReader } from './log-reader.ts'
import { LogRepairs } from './log-repairs.ts'
import { RecentBudget } from './recent-pages.ts'
import { TimerWheel } from './timer-wheel.ts'

export interface Core {
  readonly logReader: LogReader
  readonly registry: ConnectionRegistry
  readonly connections: ConnectionContext
  readonly wheel: TimerWheel
}

/** A turn of half a minute, in steps that a token's life and a slow client can bear. */
const wheelShape = { slotMs: 50, slots: 600 }
/** Design §5: as long as a page may be. */
const maxPageBytes = 262_144

/** The wheel does not turn yet. */
export const createCore = (config: RealtimeConfig, bus: Bus, hashUser: HashUser): Core => {
  const logReader = createLogReader({
    bus,
    handshakeTimeoutMs: config.handshakeTimeoutMs,
    repairTimeoutMs: config.repairTimeoutMs,
    repairConcurrency: config.repairConcurrency,
    maxPageEvents: config.maxEventsBehind,
  })
  const wheel = new TimerWheel(wheelShape)
  const registry = new ConnectionRegistry({
    bus,
    logReader,
    repairs: new LogRepairs(bus, config.warningIntervalMs),
    hashUser,
    wheel,
    socketsPerUser: config.socketsPerUser,
    recentLimits: { pages: config.recentPages, bytes: config.recentUserBytes, ageMs: config.recentMs },
    recentBudget: new RecentBudget(config.recentBytes),
    headCheckMs: config.headCheckMs,
    lingerMs: config.lingerMs,
  })
  const connections: ConnectionContext = {
    config,
    limits: {
      maxEventsBehind: config.maxEventsBehind,
      maxPageBytes,
      retryDelayMs: config.repairRetryMs,
      maxRetryDelayMs: config.repairRetryMaxMs,
    },
    logger: bus.logger,
    wheel,
    onGone: connection => registry.remove(connection),
  }
  return { logReader, registry, connections, wheel }
}
