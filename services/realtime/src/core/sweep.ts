// The one timer of the node for all its connections: token lives, slow clients, keep-alive, reads to be tried again.
import type { ConnectionRegistry } from './connection-registry.ts'

const sweepEveryMs = 250

/** Returns a function that ends it. */
export const startSweep = (registry: ConnectionRegistry): (() => void) => {
  const timer = setInterval(() => {
    const now = performance.now()
    for (const connection of registry.all()) connection.tick(now)
  }, sweepEveryMs)
  return () => clearInterval(timer)
}
