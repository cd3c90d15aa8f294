// Rebuilding from the log: nothing to report on what the service stored, and whatever was damaged is put right.
import { startNewEpoch } from '@cairn/progress/new-epoch'
import { rebuild } from '@cairn/progress/rebuild'
import { createPool } from '@cairn/postgres'
import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
    onIdleError: () => undefined,
  })
})
afterAll(async () => {
  await pool.end()
  await progress.stop()
})

const run = async (options: { userId?: string; dryRun?: boolean } = {}) => {
  const differences: string[] = []
  const report = await rebuild(pool, {
    dryRun: false,
    ...options,
    onDifferences: (userId, lines) => differences.push(...lines.map(line => `${userId} ${line}`)),
  })
  return { ...report, differences }
}

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
    expect(await phone.snapshot('UTC')).toEqual(before)
  })

  it('goes through all users', async () => {
    await Promise.all(Array.from({ length: 3 }, () => phoneOf(progress).submit({})))
    const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM progress.heads')
    expect(await run()).toEqual({ users: rows[0]?.n, differing: 0, differences: [] })
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
