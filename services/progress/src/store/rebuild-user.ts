// Replays one user's log, compares what comes out with what is stored, and stores it where the two differ. The log is locked
// meanwhile: nobody writes to it, and the comparison is of one moment.
import { isDeepStrictEqual } from 'node:util'
import { inTransaction } from '@cairn/postgres'
import type pg from 'pg'
import { emptyLog, type LogState } from '../domain/log-state.ts'
import type { AppliedEvent } from '../domain/progress-event.ts'
import { LogReplay, type Hole, type ReplayedLog } from '../domain/replay-log.ts'
import { ensureHeads } from './statements/ensure-heads.ts'
import { addDays } from './statements/add-days.ts'
import { deleteProjections } from './statements/delete-projections.ts'
import { lockHeads } from './statements/lock-heads.ts'
import { readLog } from './statements/read-log.ts'
import { readProjections } from './statements/read-projections.ts'
import { noteCorrection } from './statements/note-correction.ts'
import { writeHeads } from './statements/write-heads.ts'
import { writeItems } from './statements/write-items.ts'
import { writeTracks } from './statements/write-tracks.ts'

export interface RebuildOptions {
  readonly userId: string
  /** Only tell what differs. */
  readonly dryRun: boolean
}

export interface RebuiltUser {
  /** Between what was stored and what the log says; none on a healthy database. */
  readonly differences: readonly string[]
  /** What of the log is missing, which nothing here can put right. */
  readonly holes: readonly Hole[]
}

const stretch = 1_000

const eachStretch = async (client: pg.ClientBase, userId: string, use: (events: readonly AppliedEvent[]) => void) => {
  for (let since = 0; ;) {
    const events = await readLog(client, { userId, since, limit: stretch })
    use(events)
    const last = events.at(-1)
    if (last === undefined || events.length < stretch) return
    since = last.seq
  }
}

const replay = async (client: pg.ClientBase, userId: string, headSeq: number): Promise<ReplayedLog> => {
  const log = new LogReplay()
  await eachStretch(client, userId, events => log.noteResets(events))
  await eachStretch(client, userId, events => log.count(events))
  return log.state(headSeq)
}

/** One line for every key whose value is not the same on both sides. */
const compare = <T>(
  what: string,
  sides: { stored: readonly T[]; rebuilt: readonly T[] },
  keyOf: (one: T) => string,
) => {
  const stored = new Map(sides.stored.map(one => [keyOf(one), one]))
  const rebuilt = new Map(sides.rebuilt.map(one => [keyOf(one), one]))
  return [...new Set([...stored.keys(), ...rebuilt.keys()])].flatMap(key => {
    const [is, shouldBe] = [stored.get(key), rebuilt.get(key)]
    if (isDeepStrictEqual(is, shouldBe)) return []
    return [`${what} ${key}: ${JSON.stringify(is) ?? 'nothing'} instead of ${JSON.stringify(shouldBe) ?? 'nothing'}`]
  })
}

const differencesOf = async (
  client: pg.ClientBase,
  userId: string,
  sides: { head: LogState; rebuilt: ReplayedLog },
) => {
  const { head, rebuilt } = sides
  const stored = await readProjections(client, userId)
  return [
    ...compare('head', { stored: [head.seq], rebuilt: [rebuilt.seq] }, () => 'seq'),
    ...compare('totals', { stored: [head.totals], rebuilt: [rebuilt.totals] }, () => 'of all items'),
    ...compare('streak', { stored: [head.streak], rebuilt: [rebuilt.streak] }, () => 'of all days'),
    ...compare('item', { stored: stored.items, rebuilt: rebuilt.items }, one =>
      JSON.stringify([one.trackId, one.itemId]),
    ),
    ...compare('track', { stored: stored.tracks, rebuilt: rebuilt.tracks }, one => JSON.stringify(one.trackId)),
    ...compare('day', { stored: stored.days, rebuilt: rebuilt.days }, one => String(one.day)),
  ]
}

const store = async (client: pg.ClientBase, userId: string, state: { epoch: string; rebuilt: ReplayedLog }) => {
  const { seq, items, tracks, days, totals, streak } = state.rebuilt
  await deleteProjections(client, userId)
  for (let start = 0; start < items.length; start += stretch) {
    await writeItems(
      client,
      items.slice(start, start + stretch).map(item => ({ userId, item })),
    )
  }
  for (let start = 0; start < tracks.length; start += stretch) {
    await writeTracks(
      client,
      tracks.slice(start, start + stretch).map(track => ({ userId, track })),
    )
  }
  await addDays(
    client,
    days.map(activity => ({ userId, activity })),
  )
  await writeHeads(client, [{ userId, state: { epoch: state.epoch, seq, totals, streak } }])
  await noteCorrection(client, userId)
}

/** Undefined when nothing is known of this user. A head that is missing is made, before the transaction that locks it. */
export const rebuildUser = async (
  pool: pg.Pool,
  { userId, dryRun }: RebuildOptions,
): Promise<RebuiltUser | undefined> => {
  const attempt = (): Promise<RebuiltUser | 'nothing' | 'no head'> =>
    inTransaction(pool, async client => {
      const head = (await lockHeads(client, [userId])).get(userId)
      const rebuilt = await replay(client, userId, head?.seq ?? 0)
      const differences = await differencesOf(client, userId, { head: head ?? emptyLog(''), rebuilt })
      if (head === undefined && differences.length === 0) return 'nothing'
      if (head === undefined && !dryRun) return 'no head'
      if (differences.length > 0 && head !== undefined && !dryRun)
        await store(client, userId, { epoch: head.epoch, rebuilt })
      return { differences, holes: rebuilt.holes }
    })
  const found = await attempt()
  if (found === 'no head') await ensureHeads(pool, [userId])
  const rebuilt = found === 'no head' ? await attempt() : found
  if (rebuilt === 'no head') throw new Error('a head has gone as soon as it was made: the user is being deleted')
  return rebuilt === 'nothing' ? undefined : rebuilt
}
