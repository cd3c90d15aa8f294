// What has to come out of a replay, per user, from the file beside the activity; and how a snapshot compares with it.
import { readFile } from 'node:fs/promises'
import type { Snapshot } from '@cairn/contracts'
import { parse } from 'csv-parse/sync'

export type Expected = Readonly<Record<string, string>>

/** By user; undefined when there is no such file. */
export const readExpected = async (file: string): Promise<ReadonlyMap<string, Expected> | undefined> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  return new Map(
    parse(text, { columns: true, skip_empty_lines: true }).map(row => [
      (row as Expected)['user'] ?? '',
      row as Expected,
    ]),
  )
}

const actualOf = ({ head, totals, streak }: Snapshot): Record<string, string> => ({
  events: String(totals.event_count),
  'head.seq': String(head.seq),
  tracks: String(totals.tracks),
  items: String(totals.items),
  points: String(totals.points),
  active_days: String(totals.active_days),
  longest_streak: String(streak.longest),
  last_day: streak.last_day ?? '',
})

/** Every difference as `name: actual instead of expected`; none when they agree. */
export const differences = (snapshot: Snapshot, expected: Expected): string[] =>
  Object.entries(actualOf(snapshot)).flatMap(([name, actual]) => {
    const wanted = expected[name === 'head.seq' ? 'events' : name]
    return actual === wanted ? [] : [`${name}: ${actual} instead of ${wanted}`]
  })
