// Rotates the signing keys by an operator's order. While the next key is not known everywhere, it says when it will be.
import type { Handler } from '@cairn/bus'
import type { rotateKeys } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { refuseUsers } from './refuse-users.ts'

/** Throws `forbidden` on behalf of a user. */
export const handleRotateKeys =
  ({ keys }: AuthContext): Handler<typeof rotateKeys> =>
  async ({ revoke_previous: revokePrevious = false }, call) => {
    refuseUsers(call)
    const { plan, currentKeyId, nextKeyId } = await keys.rotate({ revokePrevious })
    const rotated = plan.promote !== undefined
    return {
      rotated,
      current_key_id: currentKeyId,
      next_key_id: nextKeyId,
      ready_in_s: plan.readyInSeconds,
    }
  }
