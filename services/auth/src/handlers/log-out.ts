// Logging out: the session of the access token, or the one of a refresh token, current or not: whoever holds one of the
// session's tokens may end it. A session that is over, or gone, is logged out.
import type { Handler } from '@cairn/bus'
import { CairnError, type logOut } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { readRefreshToken } from '../crypto/refresh-token.ts'
import { endOneSession } from './end-one-session.ts'

/** Throws `token_invalid` for a refresh token that we did not make, and when there is no token at all. */
export const handleLogOut =
  (context: AuthContext): Handler<typeof logOut> =>
  async ({ refresh_token: text }, { caller }) => {
    const presented = text === undefined ? undefined : readRefreshToken(context.refreshMacKeys, text)
    if (text === undefined ? caller === undefined : presented === undefined) throw new CairnError('token_invalid')
    const sessionIds = new Set([caller?.sessionId, presented?.sessionId])
    for (const sessionId of sessionIds) {
      if (sessionId !== undefined) await endOneSession(context, sessionId, 'logged_out')
    }
    return {}
  }
