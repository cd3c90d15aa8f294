// Serialises those who make or change signing keys until the end of the transaction.
import type { Queryable } from './queryable.ts'

/** Any number, the same in every replica: "akey" in ASCII. Advisory locks belong to one database. */
const lockKey = 0x61_6b_65_79

export const lockSigningKeys = async (database: Queryable): Promise<void> => {
  await database.query('SELECT pg_advisory_xact_lock($1)', [lockKey])
}
