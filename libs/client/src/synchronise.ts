// Brings the local log up to the server's head, page by page. When the server cannot continue from where the log is, the
// log is forgotten and read anew from its beginning: complete, and without a rule of its own.
import type { ChangesPage, Head } from '@cairn/contracts'
import { isChangesPage } from './answer-shapes.ts'
import { isProblem, nonsenseAnswer } from './cairn-problem.ts'
import type { LocalLog } from './local-log.ts'
import type { UserSession } from './user-session.ts'

/** Undefined when the server cannot continue from there. */
const readPage = async (session: UserSession, head: Head | undefined): Promise<ChangesPage | undefined> => {
  const position = head === undefined ? 'since=0' : `since=${head.seq}&epoch=${encodeURIComponent(head.epoch)}`
  try {
    const page = await session.call({ method: 'GET', path: `/progress/changes?${position}`, repeatable: true })
    if (!isChangesPage(page)) throw nonsenseAnswer()
    return page
  } catch (error) {
    if (isProblem(error, 'resync_required') && head !== undefined) return undefined
    throw error
  }
}

const isSame = (one: Head | undefined, other: Head | undefined): boolean =>
  one?.epoch === other?.epoch && one?.seq === other?.seq

/**
 * Rejects when the server cannot be reached or leads nowhere, and when the log has become somebody else's; what was read until
 * then stays, and the next call goes on from there.
 */
export const synchronise = async (session: UserSession, log: LocalLog): Promise<void> => {
  for (let begunAnew = false; ;) {
    const { head } = log
    const page = await readPage(session, head)
    if (log.userId !== session.userId) throw new Error('Somebody else has signed in.')
    const applied = page === undefined ? 'other_epoch' : log.apply(page)
    if (applied === 'other_epoch') {
      if (begunAnew) throw nonsenseAnswer()
      begunAnew = true
      log.reset()
    } else if (applied !== 'gap' && page?.has_more !== true) return
    else if (isSame(head, log.head)) throw nonsenseAnswer()
  }
}
