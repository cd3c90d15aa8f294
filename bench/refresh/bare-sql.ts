// One refresh as the database sees it, and nothing else: the service's own two statements over its own pool size.
import { randomBytes } from 'node:crypto'
import { createPool } from '@cairn/postgres'
import { deriveKey } from '../../services/auth/src/crypto/derive-key.ts'
import { makeRefreshToken, type RefreshToken } from '../../services/auth/src/crypto/refresh-token.ts'
import { readSession } from '../../services/auth/src/store/read-session.ts'
import { rotateSession } from '../../services/auth/src/store/rotate-session.ts'
import { sealedSuccessor } from './fill-sessions.ts'

export interface BareSql {
  refresh(presented: RefreshToken): Promise<RefreshToken>
  stop(): Promise<void>
}

const idleSeconds = 5_184_000

export const openBareSql = (databaseUrl: string, masterKey: Buffer): BareSql => {
  const pool = createPool({
    url: databaseUrl,
    name: 'bench',
    maxConnections: 10,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 5_000,
    onIdleError: () => undefined,
  })
  const macKey = deriveKey(masterKey, 'refreshTokenMac')
  const refresh: BareSql['refresh'] = async presented => {
    const session = await readSession(pool, presented.sessionId)
    if (session === undefined) throw new Error('the session is not there')
    const nextGeneration = presented.generation + 1
    const next = makeRefreshToken([macKey], {
      sessionId: presented.sessionId,
      generation: nextGeneration,
      secret: randomBytes(16),
    })
    const expiresAt = await rotateSession(pool, {
      sessionId: session.id,
      generation: session.generation,
      currentHash: presented.hash,
      nextGeneration,
      nextHash: next.hash,
      previousHash: presented.hash,
      successorSealed: sealedSuccessor,
      idleSeconds,
    })
    if (expiresAt === undefined) throw new Error('the session was refreshed by somebody else')
    return next
  }
  return { refresh, stop: () => pool.end() }
}
