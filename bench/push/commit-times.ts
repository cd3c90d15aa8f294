// When what arrived was committed, by PostgreSQL's own word: the time it gives a transaction when it writes that it is committed,
// before that is on the disk. Needs `track_commit_timestamp`.
import pg from 'pg'
import type { Arrival } from './sockets-load.ts'

export interface Latencies {
  readonly fromCommitMs: readonly number[]
  /** From when the server had the event: with the wait for a group, and the statements before the commit. */
  readonly fromReceiptMs: readonly number[]
}

const committedAt = `
  SELECT extract(epoch FROM pg_xact_commit_timestamp(events.xmin)) * 1000 AS committed_at
  FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS arrival (user_id, seq, place)
  JOIN progress.events USING (user_id, seq)
  ORDER BY place`

/** Rejects when one of them is not in the log. */
export const latenciesOf = async (databaseUrl: string, arrivals: readonly Arrival[]): Promise<Latencies> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ committed_at: string }>(committedAt, [
      arrivals.map(({ userId }) => userId),
      arrivals.map(({ seq }) => seq),
    ])
    if (rows.length !== arrivals.length) throw new Error(`${arrivals.length - rows.length} arrivals are in no log`)
    return {
      fromCommitMs: arrivals.map(({ arrivedAt }, index) => arrivedAt - Number(rows[index]?.committed_at)),
      fromReceiptMs: arrivals.map(({ arrivedAt, receivedAt }) => arrivedAt - receivedAt),
    }
  } finally {
    await client.end()
  }
}
