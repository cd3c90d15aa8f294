// Begins a session. Its times are the database's.
import type { Device } from '@cairn/contracts'
import { displayText } from '../domain/display-text.ts'
import { issuedAt, type Issue } from './issue.ts'
import type { Queryable } from './queryable.ts'

export interface NewSession {
  readonly id: string
  readonly userId: string
  readonly generation: number
  readonly currentHash: Buffer
  /** How long a sealed token of this session is, in bytes. */
  readonly sealedBytes: number
  readonly device: Device | undefined
  readonly idleSeconds: number
  readonly absoluteSeconds: number
}

/** The previous token and its successor are blanks of their length: the first refresh then fits the row's page as well. */
const statement = {
  name: 'insert-session',
  text: `INSERT INTO auth.sessions (id, user_id, generation, current_hash, device_id, device_name, device_platform,
      previous_hash, successor_sealed,
      rotated_at, created_at, last_seen_at, idle_expires_at, absolute_expires_at, tokens_from)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), now(), now(),
      now() + make_interval(secs => least($10::float8, $11::float8)), now() + make_interval(secs => $11::float8),
      coalesce((SELECT not_after FROM auth.denied_users WHERE user_id = $2), -1) + 1)
    RETURNING idle_expires_at, ${issuedAt} AS issued_at`,
}

/** The user has to be new in this transaction, or locked: a sign-out of all sessions is then over, or waits. */
export const insertSession = async (database: Queryable, session: NewSession): Promise<Issue> => {
  const { device, currentHash } = session
  const labels = [displayText(device?.id), displayText(device?.name), device?.platform ?? null]
  const blanks = [Buffer.alloc(currentHash.length), Buffer.alloc(session.sealedBytes)]
  const values = [session.id, session.userId, session.generation, currentHash, ...labels, ...blanks]
  const { rows } = await database.query<Issue>({
    ...statement,
    values: [...values, session.idleSeconds, session.absoluteSeconds],
  })
  const [row] = rows
  if (row === undefined) throw new Error('the session was not inserted')
  return row
}
