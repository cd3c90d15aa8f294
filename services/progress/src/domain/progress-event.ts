// One event of a user's log as the rules see it: parsed, validated, instants as milliseconds, what was not sent as null.
import type { EventKind } from '@cairn/contracts'

export interface ProgressEvent {
  /** UUID in lower case, unique per user. */
  readonly eventId: string
  readonly trackId: string
  readonly itemId: string
  readonly kind: EventKind
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly occurredAtMs: number
  /** Minutes east of UTC, of the person's own clock. */
  readonly offsetMinutes: number
  readonly percent: number | null
  readonly score: number | null
  readonly points: number | null
  readonly durationMs: number | null
}

/** An event that has its place in the log. */
export interface AppliedEvent extends ProgressEvent {
  readonly seq: number
  readonly receivedAtMs: number
}
