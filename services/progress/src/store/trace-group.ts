// A group is committed once for all of its requests: its span belongs to one of them, and is linked to every one.
import { isSampled, runInRequest, startSpan, type FlightRecorder, type SpanLink } from '@cairn/runtime'
import type { Submission } from './commit-group.ts'

const mostLinks = 64

const linksOf = (group: readonly Submission[]): SpanLink[] =>
  group.slice(0, mostLinks).flatMap(({ request }) => (request === undefined ? [] : [request.trace]))

/** As part of a request of the group's own, one that is sampled if it has any: groups begin wherever the one before them has ended. */
export const inRequestOf = <T>(group: readonly Submission[], work: () => T): T => {
  const sampled = group.find(({ request }) => request !== undefined && isSampled(request.trace))
  return runInRequest((sampled ?? group[0])?.request, work)
}

export const traceGroup = <T>(
  recorder: FlightRecorder,
  group: readonly Submission[],
  commit: () => Promise<T>,
): Promise<T> =>
  inRequestOf(group, async () => {
    const span = startSpan(recorder, { name: 'commit group', kind: 'internal', links: linksOf(group) })
    try {
      const results = await commit()
      span?.end()
      return results
    } catch (error) {
      span?.end('failed')
      throw error
    }
  })
