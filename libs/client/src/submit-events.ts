// Sends events in batches the server takes; what comes back is a receipt for each of them, in their order.
import type { Receipt, SubmitResult } from '@cairn/contracts'
import { nonsenseAnswer } from './cairn-problem.ts'
import type { UserSession } from './user-session.ts'

export const maxEventsPerRequest = 500

const isComplete = (answer: Partial<SubmitResult> | null | undefined, events: readonly unknown[]): boolean =>
  Array.isArray(answer?.results) && answer.results.length === events.length

/** Makes no further attempt when `isWanted` says false. */
export const submitEvents = async (
  session: UserSession,
  events: readonly unknown[],
  isWanted = (): boolean => true,
): Promise<readonly Receipt[]> => {
  const receipts: Receipt[] = []
  for (let start = 0; start < events.length; start += maxEventsPerRequest) {
    const batch = events.slice(start, start + maxEventsPerRequest)
    const body = { events: batch }
    const call = { method: 'POST', path: '/progress/events', body, repeatable: true, isWanted } as const
    const answer = await session.call<SubmitResult>(call)
    if (!isComplete(answer, batch)) throw nonsenseAnswer()
    receipts.push(...answer.results)
  }
  return receipts
}
