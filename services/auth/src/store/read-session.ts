// A session as a refresh needs it, with its user and the database's own time, in one indexed read.
import type { StoredUser } from '../domain/user-answer.ts'
import type { SessionsRow } from '../generated/rows.ts'
import type { Queryable } from './queryable.ts'

type SessionColumns = Pick<
  SessionsRow,
  | 'id'
  | 'generation'
  | 'current_hash'
  | 'previous_hash'
  | 'successor_sealed'
  | 'repeats'
  | 'rotated_at'
  | 'idle_expires_at'
  | 'absolute_expires_at'
  | 'ended_at'
>

export interface StoredSession extends SessionColumns {
  readonly read_at: Date
  readonly user: StoredUser
}

type Row = Omit<StoredSession, 'user'> & Omit<StoredUser, 'id'> & { readonly user_id: string }

const statement = {
  name: 'read-session',
  text: `SELECT s.id, s.generation, s.current_hash, s.previous_hash, s.successor_sealed, s.repeats, s.rotated_at,
      s.idle_expires_at, s.absolute_expires_at, s.ended_at, now() AS read_at,
      u.id AS user_id, u.is_guest, u.display_name, u.email, u.created_at
    FROM auth.sessions s JOIN auth.users u ON u.id = s.user_id
    WHERE s.id = $1`,
}

export const readSession = async (database: Queryable, sessionId: string): Promise<StoredSession | undefined> => {
  const { rows } = await database.query<Row>({ ...statement, values: [sessionId] })
  const [row] = rows
  if (row === undefined) return undefined
  const { user_id, is_guest, display_name, email, created_at, ...session } = row
  return { ...session, user: { id: user_id, is_guest, display_name, email, created_at } }
}
