// Ends a session and tells everybody who verifies tokens.
import type { SessionEnded } from '@cairn/contracts'
import { inTransaction } from '@cairn/postgres'
import type { AuthContext } from '../context.ts'
import { endSession } from '../store/end-session.ts'
import { announceEnded } from './announce-ended.ts'

/** Harmless when it has ended already, or is gone: nobody is told twice. */
export const endOneSession = async (
  context: AuthContext,
  sessionId: string,
  reason: SessionEnded['reason'],
): Promise<void> => {
  const ended = await inTransaction(context.pool, async client => {
    const session = await endSession(client, sessionId, reason)
    if (session !== undefined) await announceEnded(context, client, { ended: [session], reason })
    return session
  })
  if (ended !== undefined) context.events.outboxFilled()
}
