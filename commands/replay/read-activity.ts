// Reads a file of activity: one event a row, in the order in which devices synced. A bad row is reported and left out.
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'

export interface ActivityEvent {
  readonly event_id: string
  readonly track_id: string
  readonly item_id: string
  readonly kind: 'practiced'
  readonly occurred_at: string
  readonly points: number
}

/** `row` counts from 1, the header not included. */
export interface Activity {
  readonly row: number
  readonly event: ActivityEvent
}

export interface BadRow {
  readonly row: number
  readonly reason: string
}

const columns = ['user', 'track_id', 'item_id', 'occurred_at', 'synced_at', 'points', 'event_id'] as const
type Row = Partial<Record<(typeof columns)[number], string>>

const faultOf = (cells: readonly string[], row: Row): string | undefined => {
  if (cells.length !== columns.length) return `has ${cells.length} columns instead of ${columns.length}`
  const empty = columns.find(name => row[name] === '' && name !== 'synced_at')
  if (empty !== undefined) return `${empty} is empty`
  return /^\d{1,10}$/.test(row.points ?? '') ? undefined : 'points is not a whole number'
}

const eventOf = (row: Row): ActivityEvent => ({
  event_id: row.event_id ?? '',
  track_id: row.track_id ?? '',
  item_id: row.item_id ?? '',
  kind: 'practiced',
  occurred_at: row.occurred_at ?? '',
  points: Number(row.points),
})

/** Each user's events in file order. Rejects when the file cannot be read or its header is not the expected one. */
export const readActivity = async (
  file: string,
  onBadRow: (bad: BadRow) => void,
): Promise<ReadonlyMap<string, readonly Activity[]>> => {
  const byUser = new Map<string, Activity[]>()
  const listOf = (user: string): Activity[] => {
    const list = byUser.get(user) ?? []
    byUser.set(user, list)
    return list
  }
  let count = -1
  const take = async (rows: AsyncIterable<string[]>): Promise<void> => {
    for await (const cells of rows) {
      count += 1
      if (count === 0) {
        if (cells.join() !== columns.join()) throw new Error(`the first row has to be ${columns.join()}`)
        continue
      }
      const row: Row = Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? '']))
      const reason = faultOf(cells, row)
      if (reason !== undefined) onBadRow({ row: count, reason })
      else listOf(row.user ?? '').push({ row: count, event: eventOf(row) })
    }
  }
  const csv = parse({ relax_column_count: true, skip_empty_lines: true, max_record_size: 65_536 })
  const source = createReadStream(file)
  if (file.endsWith('.gz')) await pipeline(source, createGunzip(), csv, take)
  else await pipeline(source, csv, take)
  return byUser
}
