// Refresh: read the row, let the rule decide, compare and set; who loses the race reads again and finds the winner's token.
// Design §4 has the rule, domain/refresh-rule.ts its decision.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Handler } from '@cairn/bus'
import { CairnError, type refreshSession } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deriveKey } from '../crypto/derive-key.ts'
import { makeRefreshToken, readRefreshToken, type RefreshToken } from '../crypto/refresh-token.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import { decideRefresh } from '../domain/refresh-rule.ts'
import { countRepeat } from '../store/count-repeat.ts'
import type { Issue } from '../store/issue.ts'
import { readSession, type StoredSession } from '../store/read-session.ts'
import { rotateSession } from '../store/rotate-session.ts'
import { endOneSession } from './end-one-session.ts'
import { sessionAnswer, type GrantedSession } from './session-answer.ts'

/** Each lost race means that another refresh of this session was answered, so a second loss in a row is rare. */
const maxAttempts = 6

interface Attempt {
  readonly presented: RefreshToken
  readonly session: StoredSession
}

const matchOf = ({ presented, session }: Attempt): 'current' | 'previous' | 'neither' => {
  if (timingSafeEqual(presented.hash, session.current_hash)) return 'current'
  const previous = session.previous_hash
  return previous !== null && timingSafeEqual(presented.hash, previous) ? 'previous' : 'neither'
}

const granted = ({ id, user }: StoredSession, refreshToken: string, issue: Issue): GrantedSession => ({
  user,
  sessionId: id,
  refreshToken,
  refreshExpiresAt: issue.idle_expires_at,
  issuedAt: issue.issued_at,
  created: false,
})

/** (2) and (4): a successor of the presented token becomes the current one. */
const succeed = async (
  { config, pool, refreshMacKeys }: AuthContext,
  { presented, session }: Attempt,
): Promise<GrantedSession | undefined> => {
  const nextGeneration = presented.generation + 1
  const successor = makeRefreshToken(refreshMacKeys, {
    sessionId: session.id,
    generation: nextGeneration,
    secret: randomBytes(16),
  })
  const issue = await rotateSession(pool, {
    sessionId: session.id,
    generation: session.generation,
    currentHash: session.current_hash,
    nextGeneration,
    nextHash: successor.hash,
    previousHash: presented.hash,
    successorSealed: seal([deriveKey(Buffer.from(presented.text), 'refreshSuccessor')], successor.text, session.id),
    idleSeconds: config.refreshIdleSeconds,
  })
  return issue === undefined ? undefined : granted(session, successor.text, issue)
}

/** (3): the same successor again. */
const repeat = async (
  { config, pool }: AuthContext,
  { presented, session }: Attempt,
): Promise<GrantedSession | undefined> => {
  const { id: sessionId, current_hash: currentHash, successor_sealed: sealed } = session
  if (sealed === null) throw new Error('a session with a previous token has no sealed successor')
  const issue = await countRepeat(pool, { sessionId, currentHash, maxRepeats: config.refreshRepeats })
  if (issue === undefined) return undefined
  const successor = unseal([deriveKey(Buffer.from(presented.text), 'refreshSuccessor')], sealed, sessionId)
  return granted(session, successor, issue)
}

/** Undefined when the session changed between read and write. */
const attemptRefresh = async (context: AuthContext, attempt: Attempt): Promise<GrantedSession | undefined> => {
  const { config } = context
  const { session } = attempt
  const state = {
    presented: matchOf(attempt),
    now: session.read_at.getTime(),
    rotatedAt: session.rotated_at.getTime(),
    idleExpiresAt: session.idle_expires_at.getTime(),
    absoluteExpiresAt: session.absolute_expires_at.getTime(),
    ended: session.ended_at !== null,
    repeats: session.repeats,
  }
  const limits = { graceMs: config.refreshGraceSeconds * 1_000, maxRepeats: config.refreshRepeats }
  const decision = decideRefresh(state, limits)
  if (decision === 'rotate' || decision === 'replace') return succeed(context, attempt)
  if (decision === 'repeat') return repeat(context, attempt)
  if (decision === 'limit') {
    throw new CairnError('rate_limited', { retryAfterSeconds: Math.max(config.refreshGraceSeconds, 1) })
  }
  if (decision === 'end') await endOneSession(context, session.id, 'reuse_detected')
  throw new CairnError('token_invalid')
}

export const handleRefreshSession =
  (context: AuthContext): Handler<typeof refreshSession> =>
  async ({ refresh_token: text }) => {
    const presented = readRefreshToken(context.refreshMacKeys, text)
    if (presented === undefined) throw new CairnError('token_invalid')
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const session = await readSession(context.pool, presented.sessionId)
      if (session === undefined) throw new CairnError('token_invalid')
      const grant = await attemptRefresh(context, { presented, session })
      if (grant !== undefined) return sessionAnswer(context, grant)
    }
    throw new CairnError('unavailable', { cause: new Error('the session kept changing') })
  }
