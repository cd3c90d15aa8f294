// Begins a session for a user, within the caller's transaction.
import { randomBytes, randomUUID } from 'node:crypto'
import { CairnError, type Device } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { makeRefreshToken } from '../crypto/refresh-token.ts'
import { sealedLength } from '../crypto/sealed.ts'
import type { StoredUser } from '../domain/user-answer.ts'
import { insertSession } from '../store/insert-session.ts'
import { lockUser } from '../store/lock-user.ts'
import type { Queryable } from '../store/queryable.ts'
import type { GrantedSession } from './session-answer.ts'

export interface SignedIn {
  readonly user: StoredUser
  readonly created: boolean
  readonly device: Device | undefined
}

/** Throws `unavailable` when the account is being deleted: the next sign-in makes another. */
export const openSession = async (
  { config, refreshMacKeys }: AuthContext,
  database: Queryable,
  { user, created, device }: SignedIn,
): Promise<GrantedSession> => {
  if (!created && !(await lockUser(database, user.id, 'shared'))) {
    throw new CairnError('unavailable', { cause: new Error('the account was deleted just now') })
  }
  const sessionId = randomUUID()
  const token = makeRefreshToken(refreshMacKeys, { sessionId, generation: 0, secret: randomBytes(16) })
  const issue = await insertSession(database, {
    id: sessionId,
    userId: user.id,
    generation: token.generation,
    currentHash: token.hash,
    sealedBytes: sealedLength(token.text),
    device,
    idleSeconds: config.refreshIdleSeconds,
    absoluteSeconds: config.refreshAbsoluteSeconds,
  })
  return {
    user,
    created,
    sessionId,
    refreshToken: token.text,
    refreshExpiresAt: issue.idle_expires_at,
    issuedAt: issue.issued_at,
  }
}
