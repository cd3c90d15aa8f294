// Whose log a request is about: always the caller's own.
import type { Call } from '@cairn/bus'
import { CairnError, isUuid } from '@cairn/contracts'

/** Throws `token_invalid` when the call is for nobody. */
export const callerIdOf = ({ caller }: Call): string => {
  if (caller === undefined || !isUuid(caller.userId)) throw new CairnError('token_invalid')
  return caller.userId.toLowerCase()
}
