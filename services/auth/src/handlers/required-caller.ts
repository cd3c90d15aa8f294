// Who asks, for requests that are about the one who asks.
import type { Call } from '@cairn/bus'
import { CairnError, isUuid, type Caller } from '@cairn/contracts'

/** Throws `token_invalid` when the request comes on nobody's behalf. */
export const requiredCaller = ({ caller }: Call): Caller => {
  if (caller === undefined || !isUuid(caller.userId) || !isUuid(caller.sessionId)) throw new CairnError('token_invalid')
  return caller
}
