// Uses a nonce up. Run it in the transaction that makes the session: a second use then waits for the first one's end.
import type { Queryable } from './queryable.ts'

const statement = { name: 'consume-nonce', text: 'DELETE FROM auth.nonces WHERE hash = $1 AND expires_at > now()' }

/** False when it was never issued, was used, or has expired. */
export const consumeNonce = async (database: Queryable, hash: Buffer): Promise<boolean> =>
  (await database.query({ ...statement, values: [hash] })).rowCount === 1
