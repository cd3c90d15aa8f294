// Ends a session and tells everybody who verifies tokens.
import { publish } from '@cairn/bus'
import { sessionEndedSubject, type SessionEnded } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { endSession } from '../store/end-session.ts'

/** Harmless when it has ended already: nobody is told twice. */
export const revokeSession = async (
  { bus, hashUser, logger, pool }: AuthContext,
  sessionId: string,
  reason: SessionEnded['reason'],
): Promise<void> => {
  const ended = await endSession(pool, sessionId, reason)
  if (ended === undefined) return
  const event: SessionEnded = {
    user_id: ended.user_id,
    session_id: sessionId,
    reason,
    ended_at: ended.ended_at.toISOString(),
  }
  publish(bus, sessionEndedSubject(ended.user_id), event)
  logger.info({ session_id: sessionId, user_hash: hashUser(ended.user_id), reason }, 'session ended')
}
