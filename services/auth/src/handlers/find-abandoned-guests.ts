// Guests whom nobody can be any more, page by page, for the janitor. Whether they have progress is for progress to say.
import type { Handler } from '@cairn/bus'
import type { findAbandonedGuests as operation } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { findAbandonedGuests } from '../store/abandoned-guests.ts'

export const handleFindAbandonedGuests =
  ({ config, pool }: AuthContext): Handler<typeof operation> =>
  async ({ limit, after }) => {
    const keepSeconds = config.guestKeepSeconds
    const { userIds, next } = await findAbandonedGuests(pool, { limit, keepSeconds, after })
    return { user_ids: userIds, next }
  }
