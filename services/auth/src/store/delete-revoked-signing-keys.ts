// Clean-up of keys that were revoked long ago, a bounded number at a time.
import type { DueRows } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'
import { readDueRows } from './read-due-rows.ts'

const statement = {
  name: 'delete-revoked-signing-keys',
  text: `DELETE FROM auth.signing_keys WHERE kid = ANY (ARRAY(
    SELECT kid FROM auth.signing_keys
    WHERE state = 'revoked' AND state_changed_at <= now() - make_interval(secs => $2)
    ORDER BY state_changed_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
}

/** Resolves with how many were deleted. */
export const deleteRevokedSigningKeys = async (
  database: Queryable,
  { limit, keepSeconds }: { limit: number; keepSeconds: number },
): Promise<number> => (await database.query({ ...statement, values: [limit, keepSeconds] })).rowCount ?? 0

const dueText = `SELECT state_changed_at + make_interval(secs => $2) AS due_at FROM auth.signing_keys
  WHERE state = 'revoked' AND state_changed_at <= now() - make_interval(secs => $2) ORDER BY state_changed_at LIMIT $1`

export const readRevokedSigningKeys = (
  database: Queryable,
  { limit, keepSeconds }: { limit: number; keepSeconds: number },
): Promise<DueRows> =>
  readDueRows(database, { name: 'read-revoked-signing-keys', text: dueText, values: [limit, keepSeconds] })
