// A deleted user is erased: all of it, nobody else, in batches, twice, after a failure, and beside batches under way.
import { randomUUID } from 'node:crypto'
import { jetstreamManager } from '@nats-io/jetstream'
import { streamPublisher } from '@cairn/bus'
import { logAdvancedSubject, userDeletedSubject, type UserDeleted } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

const secondLookMs = 1_500
let progress: ProgressUnderTest

beforeAll(async () => {
  progress = await startProgressUnderTest({
    PROGRESS_ERASURE_BATCH_ROWS: '7',
    PROGRESS_ERASURE_RETRY_MS: '50',
    PROGRESS_ERASURE_SECOND_LOOK_MS: String(secondLookMs),
  })
})
afterAll(async () => {
  await progress.stop()
})

const tell = (userId: string, deletedAt = new Date()): Promise<void> => {
  const event: UserDeleted = { user_id: userId, deleted_at: deletedAt.toISOString() }
  const message = { payload: JSON.stringify(event), id: randomUUID() }
  return streamPublisher(progress.bus, 2_000).publish(userDeletedSubject(userId), message)
}
/** Every table of the schema that names a user, and the outbox. */
const tablesWith = async (userId: string): Promise<string[]> => {
  const { rows: tables } = await progress.database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'progress' AND column_name = 'user_id'`,
  )
  const asked = [
    ...tables.map(({ name }) => `SELECT '${name}' AS name FROM progress.${name} WHERE user_id::text = $1`),
    `SELECT 'outbox' AS name FROM progress.outbox WHERE subject LIKE '%' || $1`,
  ]
  const { rows } = await progress.database.query<{ name: string }>(asked.join(' UNION '), [userId])
  return rows.map(row => row.name).toSorted()
}
const leftToDo = async (): Promise<number> => {
  const info = await (await jetstreamManager(progress.bus.nats)).consumers.info('auth_events', 'progress_erase_user')
  return info.num_pending + info.num_ack_pending
}
const someEvents = () =>
  Array.from({ length: 30 }, (_, index) =>
    eventWith({
      track_id: `track ${index % 4}`,
      item_id: `item ${index}`,
      occurred_at: `2024-03-${String((index % 20) + 1).padStart(2, '0')}T10:00:00Z`,
    }),
  )

describe('a deleted user', () => {
  it('is erased in batches, and nobody else', async () => {
    const [gone, other] = [phoneOf(progress), phoneOf(progress)]
    await gone.submit(...someEvents())
    await other.submit(...someEvents())
    expect(await tablesWith(gone.userId)).toEqual(
      expect.arrayContaining(['days', 'events', 'heads', 'items', 'tracks']),
    )
    await tell(gone.userId)
    await eventually(async () => expect(await tablesWith(gone.userId)).toEqual([]))
    expect(await other.head()).toMatchObject({ seq: 30 })
    expect((await other.snapshot()).totals.items).toBe(30)
  })

  it('is erased though their head was lost, what waits to be pushed included', async () => {
    const gone = phoneOf(progress)
    await gone.submit(...someEvents())
    await progress.database.query('DELETE FROM progress.heads WHERE user_id = $1', [gone.userId])
    // Bigger than NATS takes: it waits.
    await progress.database.query(
      `INSERT INTO progress.outbox (subject, message_id, payload) VALUES ($1, 'too-big', repeat('x', 3000000))`,
      [logAdvancedSubject(gone.userId)],
    )
    await tell(gone.userId)
    await eventually(async () => expect(await tablesWith(gone.userId)).toEqual([]))
  })

  it('leaves nothing in the stream of changes either', async () => {
    const gone = phoneOf(progress)
    await gone.submit(eventWith())
    const manager = await jetstreamManager(progress.bus.nats)
    const kept = async (): Promise<number> => {
      const filter = `event.progress.log.advanced.v1.${gone.userId}`
      const { state } = await manager.streams.info('progress_log', { subjects_filter: filter })
      return state.subjects?.[filter] ?? 0
    }
    await eventually(async () => expect(await kept()).toBe(1))
    await tell(gone.userId)
    await eventually(async () => expect(await kept()).toBe(0))
  })

  it('whose last batch comes late is erased again, and then it is done', async () => {
    const gone = phoneOf(progress)
    await gone.submit(eventWith())
    await tell(gone.userId)
    await eventually(async () => expect(await tablesWith(gone.userId)).toEqual([]))
    await gone.submit(...someEvents())
    expect(await tablesWith(gone.userId)).not.toEqual([])
    await eventually(async () => expect(await tablesWith(gone.userId)).toEqual([]), secondLookMs + 3_000)
    await eventually(async () => expect(await leftToDo()).toBe(0))
  })

  it('who writes all the while is erased in the end, and no answer is a fault of ours', async () => {
    const gone = phoneOf(progress)
    await gone.submit(...someEvents())
    const batches = Array.from({ length: 20 }, () => gone.submit(...someEvents()))
    await tell(gone.userId)
    const outcomes = await Promise.allSettled(batches)
    expect(outcomes.filter(one => one.status === 'rejected')).toEqual([])
    await eventually(async () => expect(await tablesWith(gone.userId)).toEqual([]), secondLookMs + 3_000)
    await eventually(async () => expect(await leftToDo()).toBe(0), secondLookMs + 3_000)
  })

  it('is erased though the database was not there at first', async () => {
    const gone = phoneOf(progress)
    await gone.submit(eventWith())
    const lock = await progress.database.connect()
    await lock.query('BEGIN')
    await lock.query('SELECT 1 FROM progress.heads WHERE user_id = $1 FOR UPDATE', [gone.userId])
    await tell(gone.userId)
    await eventually(() => expect(progress.logs.lines.join('\n')).toContain('an event could not be handled'), 8_000)
    await lock.query('ROLLBACK')
    lock.release()
    await eventually(async () => expect(await tablesWith(gone.userId)).toEqual([]), 8_000)
  }, 20_000)

  it('is erased by an event told twice, or long ago, and by one about somebody who never was here', async () => {
    const gone = phoneOf(progress)
    await gone.submit(eventWith())
    const longAgo = new Date(Date.now() - 3_600_000)
    await Promise.all([tell(gone.userId, longAgo), tell(gone.userId, longAgo), tell(randomUUID(), longAgo)])
    await eventually(async () => expect(await tablesWith(gone.userId)).toEqual([]))
    await eventually(async () => expect(await leftToDo()).toBe(0), secondLookMs + 3_000)
  })
})
