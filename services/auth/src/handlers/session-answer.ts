// The answer of everything that signs somebody in: a fresh access token beside the refresh token.
import type { Session } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import type { AuthContext } from '../context.ts'
import { signAccessToken } from '../crypto/access-token.ts'
import { userAnswer, type StoredUser } from '../domain/user-answer.ts'

export interface GrantedSession {
  readonly user: StoredUser
  readonly sessionId: string
  readonly refreshToken: string
  readonly refreshExpiresAt: Date
  /** Seconds since 1970, by the database's clock. */
  readonly issuedAt: number
  /** Whether this call made the account. */
  readonly created: boolean
}

/** No token outlives its session: whoever has none left, e.g. an abandoned guest, can do nothing any more. */
const lifeOfToken = (
  longestSeconds: number,
  { issuedAt, refreshExpiresAt }: Pick<GrantedSession, 'issuedAt' | 'refreshExpiresAt'>,
): number => Math.max(1, Math.min(longestSeconds, Math.floor(refreshExpiresAt.getTime() / 1_000) - issuedAt))

export const sessionAnswer = async (
  { config, hashUser, keys }: AuthContext,
  { user, sessionId, refreshToken, refreshExpiresAt, issuedAt, created }: GrantedSession,
): Promise<Session> => {
  const request = currentRequest()
  if (request !== undefined) request.userHash = hashUser(user.id)
  const ttlSeconds = lifeOfToken(config.accessTokenTtlSeconds, { issuedAt, refreshExpiresAt })
  const order = {
    issuer: config.accessTokenIssuer,
    audience: config.accessTokenAudience,
    userId: user.id,
    sessionId,
    ttlSeconds,
  }
  return {
    access_token: await signAccessToken(keys.signing, order, issuedAt),
    token_type: 'Bearer',
    expires_in: ttlSeconds,
    refresh_token: refreshToken,
    refresh_expires_at: refreshExpiresAt.toISOString(),
    session_id: sessionId,
    user: userAnswer(user),
    created,
  }
}
