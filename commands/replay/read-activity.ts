// Reads a file of activity: one event a line, in the order in which devices synced. A bad line is reported and left out; each
// is parsed by itself, so that one with a stray quote does not take the rest along.
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { linesOf } from './lines-of.ts'

export interface ActivityEvent {
  readonly event_id: string
  readonly track_id: string
  readonly item_id: string
  readonly kind: 'practiced'
  readonly occurred_at: string
  readonly points: number
}

/** `line` counts from 1, the header included, as editors do. */
export interface Activity {
  readonly line: number
  readonly event: ActivityEvent
}

export interface BadLine {
  readonly line: number
  readonly reason: string
}

const columns = ['user', 'track_id', 'item_id', 'occurred_at', 'synced_at', 'points', 'event_id'] as const
type Row = Readonly<Record<(typeof columns)[number], string>>

/** Throws an Error that says what is wrong with the line. */
const readRow = (text: string): Row => {
  const [cells = []] = parse(text, { relax_column_count: true })
  if (cells.length !== columns.length) throw new Error(`has ${cells.length} columns instead of ${columns.length}`)
  const row = Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? ''])) as Row
  const empty = columns.find(name => row[name] === '' && name !== 'synced_at')
  if (empty !== undefined) throw new Error(`${empty} is empty`)
  if (!/^\d{1,10}$/.test(row.points)) throw new Error('points is not a whole number')
  return row
}

const eventOf = (row: Row): ActivityEvent => ({
  event_id: row.event_id,
  track_id: row.track_id,
  item_id: row.item_id,
  kind: 'practiced',
  occurred_at: row.occurred_at,
  points: Number(row.points),
})

/** Each user's events in file order. Rejects when the file cannot be read or does not begin with the expected header. */
export const readActivity = async (
  file: string,
  onBadLine: (bad: BadLine) => void,
): Promise<ReadonlyMap<string, readonly Activity[]>> => {
  const byUser = new Map<string, Activity[]>()
  let count = 0
  const take = async (bytes: AsyncIterable<Buffer>): Promise<void> => {
    for await (const text of linesOf(bytes)) {
      count += 1
      if (count === 1) {
        if (text !== columns.join()) throw new Error(`${file}: the first line has to be ${columns.join()}`)
      } else if (text !== '') {
        try {
          const row = readRow(text)
          const list = byUser.get(row.user) ?? []
          byUser.set(row.user, list)
          list.push({ line: count, event: eventOf(row) })
        } catch (error) {
          onBadLine({ line: count, reason: error instanceof Error ? error.message : String(error) })
        }
      }
    }
  }
  const source = createReadStream(file)
  try {
    if (file.endsWith('.gz')) await pipeline(source, createGunzip(), take)
    else await pipeline(source, take)
  } catch (error) {
    const zlib = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
    throw zlib ? new Error(`${file} is not a whole gzip file: ${error.message}`, { cause: error }) : error
  }
  if (count < 2) throw new Error(`${file} has no activity in it`)
  return byUser
}
