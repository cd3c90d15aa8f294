// The baseline of `submit`: one prepared `INSERT` of one row, committed by itself, over so many direct connections, into a
// copy of the event table with its indexes.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { runLoad, type LoadResult } from '../harness/load.ts'
import { serveLoad } from '../harness/load-process.ts'

export interface InsertSetup {
  readonly databaseUrl: string
  readonly connections: number
}

export interface InsertOrder {
  readonly durationMs: number
}

const statement = {
  name: 'insert-one',
  text: `INSERT INTO bench.events (user_id, seq, event_id, track_id, item_id, kind, occurred_at, offset_minutes,
      percent, score, points, duration_ms, received_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
}

serveLoad(async ({ databaseUrl, connections }: InsertSetup) => {
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: databaseUrl }))
  await Promise.all(clients.map(client => client.connect()))
  const users = clients.map(() => randomUUID())
  let seq = 0
  const ask = async (worker: number): Promise<void> => {
    seq += 1
    const now = new Date().toISOString()
    const event = [randomUUID(), `track-${seq % 5}`, `item-${seq % 40}`, 'practiced', now, 0]
    const values = [users[worker], seq, ...event, seq % 100, null, 5, 60_000, now]
    await clients[worker]?.query({ ...statement, values })
  }
  return ({ durationMs }: InsertOrder): Promise<LoadResult> => runLoad({ workers: connections, durationMs, ask })
})
