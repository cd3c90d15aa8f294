// Tells of sessions that were ended, in the transaction that ends them: it is told exactly if it is so.
import { sessionEndedSubject, type SessionEnded } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import type { EndedSession } from '../store/end-session.ts'
import type { Change } from './change-and-tell.ts'

const eventOf = ({ id, user_id, ended_at }: EndedSession, reason: SessionEnded['reason']): SessionEnded => ({
  user_id,
  session_id: id,
  reason,
  ended_at: ended_at.toISOString(),
})

export const announceEnded = async (
  { hashUser, logger }: AuthContext,
  { tell }: Change,
  { ended, reason }: { ended: readonly EndedSession[]; reason: SessionEnded['reason'] },
): Promise<void> => {
  if (ended.length === 0) return
  const events = ended.map(one => ({ subject: sessionEndedSubject(one.user_id), payload: eventOf(one, reason) }))
  await tell(events)
  for (const { id, user_id } of ended) {
    logger.info({ session_id: id, user_hash: hashUser(user_id), reason }, 'session ended')
  }
}
