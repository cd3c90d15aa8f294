// For what operators alone may ask: nothing that comes on a user's behalf.
import type { Call } from '@cairn/bus'
import { CairnError } from '@cairn/contracts'

/** Throws `forbidden` on behalf of a user. */
export const refuseUsers = ({ caller }: Call): void => {
  if (caller !== undefined) throw new CairnError('forbidden')
}
