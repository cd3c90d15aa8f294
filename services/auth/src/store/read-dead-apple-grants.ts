// Codes that nobody could exchange in time and grants that Apple would not revoke: what their clean-up has before it.
import type { DueRows } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'
import { readDueRows } from './read-due-rows.ts'

const text = `(SELECT code_expires_at AS due_at FROM auth.apple_grants
    WHERE code_sealed IS NOT NULL AND code_expires_at <= now() ORDER BY code_expires_at LIMIT $1)
  UNION ALL (SELECT expires_at FROM auth.apple_revocations WHERE expires_at <= now() ORDER BY expires_at LIMIT $1)`

export const readDeadAppleGrants = (database: Queryable, limit: number): Promise<DueRows> =>
  readDueRows(database, { name: 'read-dead-apple-grants', text, values: [limit] })
