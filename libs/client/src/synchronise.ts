// Brings the local log up to the server's head, page by page. When the server cannot continue from where the log is, the
// log is forgotten and read anew from its beginning: complete, and without a rule of its own.
import type { ChangesPage } from '@cairn/contracts'
import { isProblem } from './cairn-problem.ts'
import type { LocalLog } from './local-log.ts'
import type { UserSession } from './user-session.ts'

/** Undefined when the server cannot continue from where the log is. */
const readPage = async (session: UserSession, { head }: LocalLog): Promise<ChangesPage | undefined> => {
  const position = head === undefined ? 'since=0' : `since=${head.seq}&epoch=${encodeURIComponent(head.epoch)}`
  try {
    return await session.call({ method: 'GET', path: `/progress/changes?${position}`, repeatable: true })
  } catch (error) {
    if (isProblem(error, 'resync_required')) return undefined
    throw error
  }
}

/**
 * Rejects when the server cannot be reached, and when the log has become somebody else's; what was read until then stays,
 * and the next call goes on from there.
 */
export const synchronise = async (session: UserSession, log: LocalLog): Promise<void> => {
  for (;;) {
    const page = await readPage(session, log)
    if (log.userId !== session.userId) throw new Error('Somebody else has signed in.')
    if (page === undefined || log.apply(page) === 'other_epoch') log.reset()
    else if (!page.has_more) return
  }
}
