// Receipts: what becomes of each event of a request, in the order of the array, given what the log knows already.
import type { Receipt } from '@cairn/contracts'
import type { ParsedEvent } from './parse-event.ts'
import type { AppliedEvent, ProgressEvent } from './progress-event.ts'
import { sameContent } from './same-content.ts'

/** How far a phone's clock may be ahead. */
export const maxAheadMs = 86_400_000

/** A user's log while it is being written: `known` holds the events of ids that are in it, `seq` its end. */
export interface LogInProgress {
  seq: number
  readonly known: Map<string, AppliedEvent>
  readonly applied: AppliedEvent[]
}

const judge = (event: ProgressEvent, log: LogInProgress, receivedAtMs: number): Receipt => {
  const { eventId: event_id } = event
  const known = log.known.get(event_id)
  // Before the look at the clock: an event once taken stays taken, also by a replica whose clock is behind.
  if (known !== undefined && sameContent(known, event)) return { event_id, status: 'duplicate', seq: known.seq }
  if (event.occurredAtMs > receivedAtMs + maxAheadMs)
    return { event_id, status: 'rejected', code: 'occurred_in_future' }
  if (known !== undefined) return { event_id, status: 'rejected', code: 'event_conflict' }
  log.seq += 1
  const applied = { ...event, seq: log.seq, receivedAtMs }
  log.known.set(event_id, applied)
  log.applied.push(applied)
  return { event_id, status: 'applied', seq: log.seq }
}

/** One receipt per event, in order. Extends `log` by what was applied; what is rejected leaves no trace in it. */
export const judgeEvents = (events: readonly ParsedEvent[], log: LogInProgress, receivedAtMs: number): Receipt[] =>
  events.map(parsed =>
    parsed.ok
      ? judge(parsed.event, log, receivedAtMs)
      : {
          event_id: parsed.eventId,
          status: 'rejected',
          code: 'invalid_event',
          errors: parsed.errors.map(fault => ({ ...fault })),
        },
  )
