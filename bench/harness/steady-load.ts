// An open loop: so many requests a second, whether or not those before are answered. Latency counts from when a request was
// due, so that whoever makes the others wait is seen.
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from './statistics.ts'

export interface SteadyLoad {
  readonly perSecond: number
  /** Most requests at once; more wait, and their wait counts. */
  readonly workers: number
  readonly ask: (worker: number) => Promise<void>
}

export interface SteadyResult {
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly worstMs: number
}

/** Runs beside `meanwhile`, until that is done. A failure of either ends the run. */
export const runSteadyLoad = async <T>(
  { perSecond, workers, ask }: SteadyLoad,
  meanwhile: () => Promise<T>,
): Promise<{ result: T; load: SteadyResult }> => {
  const latencies: number[] = []
  const startedAt = performance.now()
  let taken = 0
  const ending = new AbortController()
  const work = async (worker: number): Promise<void> => {
    while (!ending.signal.aborted) {
      const dueAt = startedAt + (taken++ * 1_000) / perSecond
      await sleep(Math.max(0, dueAt - performance.now()))
      if (ending.signal.aborted) return
      await ask(worker)
      latencies.push(performance.now() - dueAt)
    }
  }
  const [result] = await Promise.all([
    meanwhile().finally(() => ending.abort()),
    ...Array.from({ length: workers }, (_, worker) => work(worker)),
  ])
  const [p50Ms, p99Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)]
  return { result, load: { requests: latencies.length, p50Ms, p99Ms, worstMs: quantile(latencies, 1) } }
}
