// Rebuilding from the log: nothing to report on what the service stored, and whatever was damaged is put right.
import { readSnapshot } from '@cairn/contracts'
import { startNewEpoch } from '@cairn/progress/new-epoch'
import { rebuild } from '@cairn/progress/rebuild'
import { createPool } from '@cairn/postgres'
import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eraseUser } from '../src/store/erase-user.ts'
import { anyEvent } from './any-event.ts'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

let progress: ProgressUnderTest
let pool: pg.Pool
beforeAll(async () => {
  progress = await startProgressUnderTest()
  pool = createPool({
    url: progress.serviceUrl,
    name: 'rebuild',
    maxConnections: 1,
    connectTimeoutMs: 1_000,
    statementTimeoutMs: 5_000,
    settings: { lock_timeout: '200ms' },
    onIdleError: () => undefined,
  })
})
afterAll(async () => {
  await pool.end()
  await progress.stop()
})

const run = async (options: { userId?: string; dryRun?: boolean } = {}) => {
  const differences: string[] = []
  const failures: string[] = []
  const holes: { fromSeq: number; toSeq: number }[] = []
  const report = await rebuild(pool, {
    dryRun: false,
    ...options,
    onFound: (userId, found) => {
      differences.push(...found.differences.map(line => `${userId} ${line}`))
      holes.push(...found.holes)
    },
    onFailure: userId => failures.push(userId),
  })
  return { ...report, differences, holes, failures }
}

/** Of a damaged user, for whoever goes through all users afterwards. */
const erase = (userId: string) => eraseUser(pool, userId, 1_000)

describe('rebuild', () => {
  it('finds nothing wrong with what was stored event by event, resets and all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyEvent, { minLength: 1, maxLength: 8 }), { maxLength: 5 }),
        async batches => {
          const phone = phoneOf(progress)
          for (const batch of batches) {
            await phone.submit(...batch)
            expect((await run({ userId: phone.userId })).differences).toEqual([])
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  it('tells what differs, changes nothing on a dry run, and puts it right otherwise', async () => {
    const phone = phoneOf(progress)
    const event = { track_id: 't', kind: 'practiced', occurred_at: '2026-03-01T10:00:00Z', points: 5 } as const
    await phone.submit(eventWith({ ...event, item_id: 'i' }), eventWith({ ...event, item_id: 'j' }))
    const before = await phone.snapshot('UTC')
    const { userId } = phone
    await progress.database.query('UPDATE progress.items SET points = 99 WHERE user_id = $1 AND item_id = $2', [
      userId,
      'i',
    ])
    await progress.database.query('DELETE FROM progress.days WHERE user_id = $1', [userId])
    await progress.database.query('UPDATE progress.heads SET points = 1 WHERE user_id = $1', [userId])
    const dry = await run({ userId, dryRun: true })
    expect(dry).toMatchObject({ users: 1, differing: 1 })
    expect(dry.differences.map(line => line.split(' ')[1])).toEqual(['totals', 'item', 'day'])
    expect((await run({ userId })).differences).toEqual(dry.differences)
    expect((await run({ userId })).differences).toEqual([])
    expect(await phone.snapshot('UTC')).toEqual({ ...before, head: await phone.head() })
  })

  it('goes through all users', async () => {
    await Promise.all(Array.from({ length: 3 }, () => phoneOf(progress).submit({})))
    const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM progress.heads')
    expect(await run()).toMatchObject({ users: rows[0]?.n, differing: 0, damaged: 0, failed: 0 })
  })

  it('sends phones that have seen what was wrong back to the snapshot', async () => {
    const phone = phoneOf(progress)
    const { head } = await phone.submit(eventWith(), eventWith({ item_id: 'other' }))
    await progress.database.query('DELETE FROM progress.items WHERE user_id = $1 AND item_id = $2', [
      phone.userId,
      'other',
    ])
    const wrong = await progress.ask(readSnapshot, {}, phone.userId)
    await run({ userId: phone.userId })
    const right = await progress.ask(readSnapshot, {}, phone.userId)
    expect(right.tag).not.toBe(wrong.tag)
    await expect(phone.changes({ since: head.seq, epoch: head.epoch })).rejects.toMatchObject({
      code: 'resync_required',
    })
    const { epoch, seq } = await phone.head()
    expect((await phone.submit(eventWith())).head).toEqual({ epoch, seq: seq + 1 })
    expect(await phone.changes({ since: seq, epoch })).toMatchObject({ to_seq: seq + 1, epoch })
  })

  it('makes a head that was lost from the log, also for one of all users', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith({ points: 4 }), eventWith())
    const { totals } = await phone.snapshot('UTC')
    await progress.database.query('DELETE FROM progress.heads WHERE user_id = $1', [phone.userId])
    const { userId } = phone
    expect(await run({ userId, dryRun: true })).toMatchObject({ users: 1, differing: 1 })
    expect(await phone.head()).toMatchObject({ seq: 0 })
    const all = await run()
    expect(all.differences.filter(line => line.startsWith(userId)).map(line => line.split(' ')[1])).toEqual([
      'head',
      'totals',
      'streak',
    ])
    expect((await phone.snapshot('UTC')).totals).toEqual(totals)
    expect((await phone.submit(eventWith())).head.seq).toBe(3)
    expect((await run({ userId })).differences).toEqual([])
  })

  it('knows nothing of a user who has nothing', async () => {
    const { userId } = phoneOf(progress)
    expect(await run({ userId })).toMatchObject({ users: 0, differing: 0 })
  })

  it('tells each time what is missing from a log', async () => {
    const phone = phoneOf(progress)
    await phone.submit(...Array.from({ length: 7 }, (_, n) => eventWith({ item_id: `i${n}` })))
    const { userId } = phone
    await progress.database.query('DELETE FROM progress.events WHERE user_id = $1 AND seq IN (1, 4, 5)', [userId])
    const holes = [
      { fromSeq: 1, toSeq: 1 },
      { fromSeq: 4, toSeq: 5 },
    ]
    expect(await run({ userId })).toMatchObject({ differing: 1, damaged: 1, holes })
    expect(await run({ userId })).toMatchObject({ differing: 0, damaged: 1, holes })
    await erase(userId)
  })

  it('tells each time that the end of a log is missing, and gives out none of its seqs again', async () => {
    const phone = phoneOf(progress)
    await phone.submit(...Array.from({ length: 7 }, (_, n) => eventWith({ item_id: `i${n}` })))
    const { userId } = phone
    await progress.database.query('DELETE FROM progress.events WHERE user_id = $1 AND seq >= 6', [userId])
    const holes = [{ fromSeq: 6, toSeq: 7 }]
    const dry = await run({ userId, dryRun: true })
    expect(dry).toMatchObject({ users: 1, differing: 1, damaged: 1, holes })
    expect(dry.differences.filter(line => line.startsWith(`${userId} head`))).toEqual([])
    expect(await run({ userId })).toMatchObject({ differing: 1, damaged: 1, holes })
    expect(await run({ userId })).toMatchObject({ differing: 0, damaged: 1, holes })
    expect((await phone.snapshot()).totals.items).toBe(5)
    const { epoch } = await phone.head()
    expect(await phone.changes({ since: 5, epoch })).toMatchObject({ events: [], to_seq: 7, has_more: false })
    expect((await phone.submit(eventWith())).results).toMatchObject([{ status: 'applied', seq: 8 }])
    expect(await run({ userId })).toMatchObject({ differing: 0, damaged: 1, holes })
    await erase(userId)
  })

  it('tells each time that a whole log is missing', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith(), eventWith())
    const { userId } = phone
    await progress.database.query('DELETE FROM progress.events WHERE user_id = $1', [userId])
    const holes = [{ fromSeq: 1, toSeq: 2 }]
    expect(await run({ userId })).toMatchObject({ differing: 1, damaged: 1, holes })
    expect(await run({ userId })).toMatchObject({ differing: 0, damaged: 1, holes })
    expect((await phone.head()).seq).toBe(2)
    await erase(userId)
  })

  it('goes on behind a user whom somebody else has locked, and names them', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith())
    const other = await progress.database.connect()
    try {
      await other.query('BEGIN')
      await other.query('SELECT 1 FROM progress.heads WHERE user_id = $1 FOR UPDATE', [phone.userId])
      const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM progress.heads')
      expect(await run()).toMatchObject({ users: (rows[0]?.n ?? 0) - 1, failed: 1, failures: [phone.userId] })
    } finally {
      await other.query('ROLLBACK')
      other.release()
    }
  })
})

describe('a new epoch', () => {
  it('is another one, and sends clients back to the snapshot', async () => {
    const phone = phoneOf(progress)
    const { epoch } = await phone.head()
    const next = await startNewEpoch(pool)
    expect(next).not.toBe(epoch)
    expect((await phone.head()).epoch).toBe(next)
    await expect(phone.changes({ since: 0, epoch })).rejects.toMatchObject({ code: 'resync_required' })
  })
})
