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

export const submitEvents =
  (context: ProgressContext) =>
  async (payload: SubmitEvents, call: Call): Promise<SubmitResult> => {
    const userId = callerIdOf(call)
    const events = payload.events.map(parseEvent)
    if (!events.some(event => event.ok)) return rejectAll(context, userId, events)
    const submission = { userId, events, receivedAtMs: context.now(), request: currentRequest() }
    return context.commits.submit(submission, call.deadlineAt)
  }
