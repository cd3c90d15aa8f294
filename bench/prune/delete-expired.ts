// Two ways to delete expired sessions: by the janitor, as its command does it, and by one big DELETE.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import pg from 'pg'

export interface Deletion {
  readonly rows: number
  readonly ms: number
  /** How long the longest statement, and with it its locks, took. */
  readonly longestMs: number
}

const line = /: (\d+) rows deleted \(\d+ requests, (\d+) ms, the longest (\d+) ms/

export const deleteByJanitor = async (root: string, natsUrl: string): Promise<Deletion> => {
  const args = [join(root, 'commands', 'janitor.ts'), '--once', 'dead-sessions']
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', NATS_URL: natsUrl } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await new Promise(resolve => void child.on('close', resolve))
  const [, rows, ms, longestMs] = line.exec(output) ?? []
  if (rows === undefined) throw new Error(`the janitor failed: ${output}`)
  return { rows: Number(rows), ms: Number(ms), longestMs: Number(longestMs) }
}

export const deleteAtOnce = async (databaseUrl: string): Promise<Deletion> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const startedAt = performance.now()
    const { rowCount } = await client.query(
      'DELETE FROM auth.sessions WHERE absolute_expires_at <= now() AND ended_at IS NULL',
    )
    const ms = performance.now() - startedAt
    return { rows: rowCount ?? 0, ms, longestMs: ms }
  } finally {
    await client.end()
  }
}
