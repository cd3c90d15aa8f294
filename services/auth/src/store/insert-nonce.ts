// Remembers a nonce by its hash.
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'insert-nonce',
  text: `INSERT INTO auth.nonces (hash, expires_at) VALUES ($1, now() + make_interval(secs => $2)) RETURNING expires_at`,
}

/** Resolves with when it expires. */
export const insertNonce = async (database: Queryable, hash: Buffer, ttlSeconds: number): Promise<Date> => {
  const { rows } = await database.query<{ expires_at: Date }>({ ...statement, values: [hash, ttlSeconds] })
  const [row] = rows
  if (row === undefined) throw new Error('the nonce was not inserted')
  return row.expires_at
}
