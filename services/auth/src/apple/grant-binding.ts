// What Apple's sealed codes and refresh tokens are bound to: a sealed value means nothing in another row.
import type { AppleGrantKey } from '../store/apple-codes.ts'

export const codeOf = ({ userId, clientId }: AppleGrantKey): string => `code of ${userId} for ${clientId}`

/** As it is kept while the account lives. */
export const refreshTokenOf = ({ userId, clientId }: AppleGrantKey): string =>
  `refresh token of ${userId} for ${clientId}`

/** Either, as it waits to be revoked, when there is no user any more. */
export const revocationOf = (id: string): string => `revocation ${id}`
