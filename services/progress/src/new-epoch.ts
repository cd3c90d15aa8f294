// A new epoch: the history that clients know is not this one, so each of them starts again from a snapshot. For the end of
// restoring a backup, when clients may have seen events that are no more.
import type pg from 'pg'

/** Resolves with the new epoch. */
export const startNewEpoch = async (pool: pg.Pool): Promise<string> => {
  const statement = `UPDATE progress.epoch SET epoch = replace(gen_random_uuid()::text, '-', ''), began_at = now() RETURNING epoch`
  const { rows } = await pool.query<{ epoch: string }>(statement)
  const [row] = rows
  if (row === undefined) throw new Error('progress.epoch has no row: the schema is not migrated')
  return row.epoch
}
