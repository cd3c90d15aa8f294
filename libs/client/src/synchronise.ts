// Brings the local log up to the server's head, page by page. When the server cannot continue from where the log is, the
// log is forgotten and read anew from its beginning: complete, and without a rule of its own.
import type { ChangesPage } from '@cairn/contracts'
import { isProblem } from './cairn-problem.ts'
import type { LocalLog } from './local-log.ts'
import type { SessionStore } from './session.ts'

const readPage = (session: SessionStore, { head }: LocalLog): Promise<ChangesPage> => {
  const position = head === undefined ? 'since=0' : `since=${head.seq}&epoch=${encodeURIComponent(head.epoch)}`
  return session.call<ChangesPage>({ method: 'GET', path: `/progress/changes?${position}`, repeatable: true })
}

/** Rejects when the server cannot be reached; what was read until then stays, and the next call goes on from there. */
export const synchronise = async (session: SessionStore, log: LocalLog): Promise<void> => {
  for (;;) {
    try {
      const page = await readPage(session, log)
      const applied = log.apply(page)
      if (applied === 'other_epoch') log.reset()
      else if (!page.has_more) return
    } catch (error) {
      if (!isProblem(error, 'resync_required')) throw error
      log.reset()
    }
  }
}
