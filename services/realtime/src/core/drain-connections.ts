// A stopping node sends its clients away one after the other, so that they do not all knock on the others at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { closeCode } from '@cairn/contracts'
import type { ConnectionRegistry } from './connection-registry.ts'

export interface DrainOptions {
  readonly windowMs: number
  /** Clients are told to come back after a random time up to this. */
  readonly retryMs: number
  /** How long the last ones may take to go, after the window. */
  readonly closeTimeoutMs: number
}

const stepMs = 25

/** Resolves when all connections are gone, or the time is over. No new ones may be let in meanwhile. */
export const drainConnections = async (registry: ConnectionRegistry, options: DrainOptions): Promise<void> => {
  const close = (count: number): void => {
    let left = count
    for (const connection of registry.all()) {
      if (left <= 0) return
      if (!connection.open) continue
      connection.close(closeCode.drain, Math.floor(Math.random() * options.retryMs))
      left -= 1
    }
  }
  const start = performance.now()
  const perMs = registry.size / Math.max(options.windowMs, 1)
  for (let closed = 0; registry.size > 0; await sleep(stepMs)) {
    const elapsedMs = performance.now() - start
    if (elapsedMs > options.windowMs + options.closeTimeoutMs) return
    const due = elapsedMs >= options.windowMs ? registry.size : Math.ceil((elapsedMs + stepMs) * perMs) - closed
    close(due)
    closed += Math.max(due, 0)
  }
}
