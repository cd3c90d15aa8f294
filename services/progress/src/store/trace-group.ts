// A group is committed once for all of its requests: its span belongs to one of them, and is linked to every one.
import { startSpan, type FlightRecorder, type SpanLink } from '@cairn/runtime'
import type { Submission } from './commit-group.ts'

const mostLinks = 64

const linksOf = (group: readonly Submission[]): SpanLink[] =>
  group.slice(0, mostLinks).flatMap(({ request }) => (request === undefined ? [] : [request.trace]))

export const traceGroup = async <T>(
  recorder: FlightRecorder,
  group: readonly Submission[],
  commit: () => Promise<T>,
): Promise<T> => {
  const span = startSpan(recorder, { name: 'commit group', kind: 'internal', links: linksOf(group) })
  try {
    const results = await commit()
    span?.end()
    return results
  } catch (error) {
    span?.end('failed')
    throw error
  }
}
