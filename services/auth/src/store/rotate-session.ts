// The compare-and-set of a refresh: gives the session another current token if nobody did meanwhile. Touches no indexed column.
import { issuedAt, type Issue } from './issue.ts'
import type { Queryable } from './queryable.ts'

export interface Rotation {
  readonly sessionId: string
  /** What the session was when it was read. */
  readonly generation: number
  readonly currentHash: Buffer
  /** What it becomes. The same generation means: a repeat that replaces the current token. */
  readonly nextGeneration: number
  readonly nextHash: Buffer
  readonly previousHash: Buffer
  readonly successorSealed: Buffer
  readonly idleSeconds: number
}

const statement = {
  name: 'rotate-session',
  text: `UPDATE auth.sessions
    SET generation = $4, current_hash = $5, previous_hash = $6, successor_sealed = $7,
      repeats = CASE WHEN generation = $4 THEN repeats + 1 ELSE 0 END,
      rotated_at = now(), last_seen_at = now(),
      idle_expires_at = least(now() + make_interval(secs => $8), absolute_expires_at)
    WHERE id = $1 AND generation = $2 AND current_hash = $3 AND ended_at IS NULL
    RETURNING idle_expires_at, ${issuedAt} AS issued_at`,
}

/** Undefined when somebody else was first. */
export const rotateSession = async (database: Queryable, rotation: Rotation): Promise<Issue | undefined> => {
  const { sessionId, generation, currentHash, nextGeneration, nextHash, previousHash } = rotation
  const before = [sessionId, generation, currentHash]
  const after = [nextGeneration, nextHash, previousHash, rotation.successorSealed, rotation.idleSeconds]
  const values = [...before, ...after]
  return (await database.query<Issue>({ ...statement, values })).rows[0]
}
