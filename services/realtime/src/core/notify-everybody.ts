// A notice to every connection of the node, whichever door. Some users a turn, so that events are not held up meanwhile; one notice at a
// time, so that nothing piles up; and not to a client that does not read, since what it has not taken is bounded.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CairnError, frameType, type NoticePosted } from '@cairn/contracts'
import type { ConnectionRegistry } from './connection-registry.ts'
import { frameOfText } from './frame.ts'

const usersPerTurn = 200

/** Resolves to how many connections got it. Rejects with `rate_limited` while another notice is under way. */
export const createNotifier = (registry: ConnectionRegistry): ((notice: NoticePosted) => Promise<number>) => {
  let busy = false
  const notify = async (notice: NoticePosted): Promise<number> => {
    const data = JSON.stringify(notice)
    let reached = 0
    let users = 0
    for (const user of registry.users()) {
      // A frame for each user: doors remember a frame's form, and socket.io's has the user's namespace in it.
      reached += user.notify(frameOfText(frameType.noticePosted, data))
      users += 1
      if (users % usersPerTurn === 0) await nextTurn()
    }
    return reached
  }
  return async notice => {
    if (busy) throw new CairnError('rate_limited', { detail: 'Another notice is under way.' })
    busy = true
    try {
      return await notify(notice)
    } finally {
      busy = false
    }
  }
}
