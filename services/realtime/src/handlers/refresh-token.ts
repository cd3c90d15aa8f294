// `token.refresh`: a newer token of the same user lets the connection live on. A token that is not good ends it the way
// its old one would have, so the client refreshes and comes back; another user's token is a fault of the client.
import { CairnError, closeCode, frameType, TokenRefresh } from '@cairn/contracts'
import { frameHandler } from './frame-handler.ts'

export const refreshTokenHandler = frameHandler(
  frameType.tokenRefresh,
  TokenRefresh,
  async ({ guard }, connection, { token }) => {
    try {
      const claims = await guard.verify(token)
      if (claims.userId === connection.userId) connection.extend(claims)
      else connection.close(closeCode.badFrame)
    } catch (error) {
      const refused = error instanceof CairnError && (error.code === 'token_invalid' || error.code === 'token_expired')
      if (!refused) throw error
      connection.close(closeCode.tokenExpired)
    }
  },
)
