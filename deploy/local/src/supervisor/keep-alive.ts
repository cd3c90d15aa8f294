// Starts a process again whenever it ends unasked, at first at once, then with growing pauses, for as long as it takes.
import { setTimeout as pause } from 'node:timers/promises'
import { describeExit } from '../processes/launch.ts'
import type { ManagedProcess } from '../processes/managed-process.ts'

const shortestPauseMs = 100
const longestPauseMs = 5_000
/** One that ran this long was healthy: its next crash is a first one. */
const healthyAfterMs = 10_000
/** Only for the line that says so; a process that is not ready yet is left alone. */
const reportReadyWithinMs = 60_000

export interface KeptAlive {
  /** Ends the watch, then the process. */
  stop(): Promise<void>
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export const keepAlive = (process: ManagedProcess, say: (line: string) => void): KeptAlive => {
  const stopping = new AbortController()
  const { signal } = stopping
  const reportReady = async (): Promise<void> => {
    const startedAt = performance.now()
    await process.ready({ withinMs: reportReadyWithinMs, signal })
    say(`${process.name} (pid ${process.pid}) is back after ${seconds(performance.now() - startedAt)}`)
  }
  const watch = async (): Promise<void> => {
    let pauseMs = shortestPauseMs
    for (;;) {
      const startedAt = performance.now()
      const exit = await process.exited
      if (signal.aborted) return
      if (performance.now() - startedAt >= healthyAfterMs) pauseMs = shortestPauseMs
      say(`${process.name} (pid ${process.pid}) ${describeExit(exit)}; starting it again`)
      await pause(pauseMs, undefined, { signal })
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      try {
        await process.restart()
      } catch (error) {
        say(String(error))
        continue
      }
      if (signal.aborted) return
      // Its failure is an exit, which the next round reports, or a stop.
      reportReady().catch(() => undefined)
    }
  }
  // Only a pause that the stop cuts short ends it early.
  const watching = watch().catch(() => undefined)
  return {
    stop: async () => {
      stopping.abort()
      await process.stop()
      await watching
      // A restart that was under way when the stop came has launched another one.
      await process.stop()
    },
  }
}
