// Work that nobody asked for, e.g. by a schedule: a request of its own, with its span, its duration and, when it fails, its incident.
import { toCairnError } from '@cairn/contracts'
import { continueTrace, endRequestSpan, newRequestId, runInRequest } from '@cairn/runtime'
import type { Bus } from './connection.ts'

export interface Job {
  /** Of the metric and the incident; one of a few. */
  readonly name: string
  /** For the log, when it fails: what that means. */
  readonly failure: string
  /** More for that line, asked for when it has failed. */
  readonly about?: () => object
}

/** Resolves with whether it succeeded; never rejects. */
export const runJob = (
  { logger, incidents }: Bus,
  { name, failure, about }: Job,
  work: () => Promise<void>,
): Promise<boolean> => {
  const own = { requestId: newRequestId(), trace: continueTrace() }
  return runInRequest(own, async () => {
    const startedAt = performance.now()
    let failed: string | undefined
    try {
      await work()
    } catch (error) {
      const { code } = toCairnError(error)
      failed = code
      incidents.open({ code, route: `job ${name}`, error, message: failure, about: { job: name, ...about?.() } })
    }
    endRequestSpan(logger.recorder, own, { name: `job ${name}`, kind: 'internal', startedAt, error: failed })
    const labels = { job_name: name, outcome: failed ?? 'ok' }
    logger.metrics.observe('cairn.job.duration', performance.now() - startedAt, labels)
    return failed === undefined
  })
}
