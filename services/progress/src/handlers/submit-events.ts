// Takes a batch of events: each is judged by itself, the good ones are committed, every one gets a receipt.
import type { Call } from '@cairn/bus'
import type { SubmitEvents, SubmitResult } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import type { ProgressContext } from '../context.ts'
import { judgeEvents } from '../domain/judge-events.ts'
import { parseEvent, type ParsedEvent } from '../domain/parse-event.ts'
import { readLogState } from '../store/statements/read-log-state.ts'
import { callerIdOf } from './caller-of.ts'

/** With nothing to be looked up or stored there is nothing to be locked either. */
const rejectAll = async (context: ProgressContext, userId: string, events: ParsedEvent[]): Promise<SubmitResult> => {
  const { epoch, seq } = await readLogState(context.pool, userId)
  const results = judgeEvents(events, { seq, known: new Map(), applied: [] }, context.now())
  return { results, head: { epoch, seq } }
}

/** For the flight recorder, as what follows: numbers, nothing of what was recorded. */
const countsOf = (events: readonly ParsedEvent[]): object => ({
  events: events.length,
  unreadable: events.filter(event => !event.ok).length,
})

const outcomesOf = ({ results, head }: SubmitResult): object => {
  const outcomes = { applied: 0, duplicate: 0, rejected: 0 }
  for (const { status } of results) outcomes[status] += 1
  return { ...outcomes, seq: head.seq }
}

export const submitEvents =
  (context: ProgressContext) =>
  async (payload: SubmitEvents, call: Call): Promise<SubmitResult> => {
    const userId = callerIdOf(call)
    const events = payload.events.map(parseEvent)
    if (!events.some(event => event.ok)) return rejectAll(context, userId, events)
    const { commits, logger } = context
    logger.note({ ...countsOf(events), waiting_events: commits.waitingEvents }, 'events wait to be committed')
    const submission = { userId, events, receivedAtMs: context.now(), request: currentRequest() }
    const result = await commits.submit(submission, call.deadlineAt)
    logger.note(outcomesOf(result), 'events are committed')
    return result
  }
