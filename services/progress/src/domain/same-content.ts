// Whether two events say the same: parsed values and offset, whatever the spelling or the order of keys was.
import type { ProgressEvent } from './progress-event.ts'

const compared = [
  'trackId',
  'itemId',
  'kind',
  'occurredAtMs',
  'offsetMinutes',
  'percent',
  'score',
  'points',
  'durationMs',
] as const satisfies readonly (keyof ProgressEvent)[]

/** Not sent and 0 differ: the client said something else. */
export const sameContent = (one: ProgressEvent, other: ProgressEvent): boolean =>
  compared.every(field => one[field] === other[field])
