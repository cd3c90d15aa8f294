// Fills the tables of users and sessions by SQL, one session a user, with rows as long as the service makes them.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { KnownSession } from './known-sessions.ts'

const batchSize = 20_000

/** As long as what the service seals: 29 bytes of version, nonce and tag, and a token. */
export const sealedSuccessor = randomBytes(29 + 90)

const insertUsers = `INSERT INTO auth.users (id, is_guest)
  SELECT unnest($1::uuid[]), true`
const insertSessions = `INSERT INTO auth.sessions (id, user_id, generation, current_hash, previous_hash, successor_sealed,
    rotated_at, created_at, last_seen_at, idle_expires_at, absolute_expires_at)
  SELECT id, user_id, 0, current_hash, sha256(current_hash), $4, now() - interval '1 hour', now() - interval '1 day',
    now() - interval '1 hour', now() + interval '60 days', now() + interval '364 days'
  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS known (id, user_id, current_hash)`

export const fillSessions = async (
  databaseUrl: string,
  sessionOf: (number: number) => KnownSession,
  count: number,
): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    for (let from = 0; from < count; from += batchSize) {
      const batch = Array.from({ length: Math.min(batchSize, count - from) }, (_, index) => sessionOf(from + index))
      const userIds = batch.map(({ userId }) => userId)
      const tokens = batch.map(({ token }) => token)
      await client.query(insertUsers, [userIds])
      const ids = tokens.map(one => one.sessionId)
      await client.query(insertSessions, [ids, userIds, tokens.map(one => one.hash), sealedSuccessor])
    }
    await client.query('VACUUM ANALYZE auth.users, auth.sessions')
    await client.query('CHECKPOINT')
  } finally {
    await client.end()
  }
}
