// Makes sessions expired, as their absolute end would have.
import pg from 'pg'
import type { KnownSession } from '../refresh/known-sessions.ts'

const batchSize = 20_000
const expire = `UPDATE auth.sessions SET absolute_expires_at = now() - interval '1 minute' WHERE id = ANY ($1::uuid[])`

export interface Range {
  readonly from: number
  readonly count: number
}

export const expireSessions = async (
  databaseUrl: string,
  sessionOf: (number: number) => KnownSession,
  { from, count }: Range,
): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    for (let done = 0; done < count; done += batchSize) {
      const size = Math.min(batchSize, count - done)
      const ids = Array.from({ length: size }, (_, index) => sessionOf(from + done + index).token.sessionId)
      await client.query(expire, [ids])
    }
    await client.query('VACUUM ANALYZE auth.sessions')
    await client.query('CHECKPOINT')
  } finally {
    await client.end()
  }
}

export const countSessions = async (databaseUrl: string): Promise<{ live: number; expired: number }> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ live: number; expired: number }>(
      `SELECT count(*) FILTER (WHERE absolute_expires_at > now())::int AS live,
        count(*) FILTER (WHERE absolute_expires_at <= now())::int AS expired FROM auth.sessions`,
    )
    return rows[0] ?? { live: 0, expired: 0 }
  } finally {
    await client.end()
  }
}
