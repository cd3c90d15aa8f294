// How many updates of sessions there were, and how many of them touched no index.
import pg from 'pg'

export interface Updates {
  readonly all: number
  readonly hot: number
}

/** Counters reach the view when a connection falls idle for a second or ends: read it once the load is over. */
export const readUpdates = async (databaseUrl: string): Promise<Updates> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<Updates>(
      `SELECT n_tup_upd::float8 AS all, n_tup_hot_upd::float8 AS hot FROM pg_stat_user_tables
       WHERE schemaname = 'auth' AND relname = 'sessions'`,
    )
    return rows[0] ?? { all: 0, hot: 0 }
  } finally {
    await client.end()
  }
}
