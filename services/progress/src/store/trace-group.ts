// A group is committed once for all of its requests: its span belongs to one of them, and is linked to every one.
import {
  isSampled,
  runInRequest,
  startSpan,
  type FlightRecorder,
  type RequestContext,
  type SpanLink,
} from '@cairn/runtime'
import type { Submission } from './commit-group.ts'

const mostLinks = 64

const linksOf = (group: readonly Submission[]): SpanLink[] =>
  group.slice(0, mostLinks).flatMap(({ request }) => (request === undefined ? [] : [request.trace]))

/** One that is sampled if it has any: groups begin wherever the one before them has ended. */
const ownerOf = (group: readonly Submission[]): RequestContext | undefined =>
  (group.find(({ request }) => request !== undefined && isSampled(request.trace)) ?? group[0])?.request

/** As part of a request of the group's own. */
export const inRequestOf = <T>(group: readonly Submission[], work: () => T): T => runInRequest(ownerOf(group), work)

/** Any request of a group that failed may be the one that an incident is opened for: each gets what its owner has of it. */
const tellOthers = (recorder: FlightRecorder, group: readonly Submission[], since: number): void => {
  const owner = ownerOf(group)
  if (owner === undefined) return
  const spans = (recorder.find(owner.requestId)?.spans ?? []).filter(span => span.started_at >= since)
  for (const { request } of group.slice(0, mostLinks)) {
    if (request === undefined || request === owner) continue
    for (const span of spans) recorder.recordSpan(request, { ...span, parent_id: request.trace.spanId, exported: true })
  }
}

export const traceGroup = <T>(
  recorder: FlightRecorder,
  group: readonly Submission[],
  commit: () => Promise<T>,
): Promise<T> =>
  inRequestOf(group, async () => {
    const since = performance.timeOrigin + performance.now()
    const span = startSpan(recorder, { name: 'commit group', kind: 'internal', links: linksOf(group) })
    try {
      const results = await commit()
      span?.end()
      return results
    } catch (error) {
      span?.end('failed')
      tellOthers(recorder, group, since)
      throw error
    }
  })
