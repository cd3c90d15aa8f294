// Ends a session and tells everybody who verifies tokens.
import type { SessionEnded } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { endSession } from '../store/end-session.ts'
import { announceEnded } from './announce-ended.ts'
import { changeAndTell } from './change-and-tell.ts'

/** Harmless when it has ended already, or is gone: nobody is told twice. */
export const endOneSession = async (
  context: AuthContext,
  sessionId: string,
  reason: SessionEnded['reason'],
): Promise<void> => {
  await changeAndTell(context, async change => {
    const session = await endSession(change.database, sessionId, reason)
    if (session !== undefined) await announceEnded(context, change, { ended: [session], reason })
  })
}
