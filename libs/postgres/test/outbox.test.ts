// The relay: everything committed is published at least once, in order, and then gone.
import type { CommittedRow, OutboxRow } from '@cairn/postgres'
import { eventually, ownMs } from '@cairn/testkit'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { outboxScene } from './outbox-scene.ts'

const scene = outboxScene()

const fill = (from: number, to: number) =>
  scene.client.query(
    `INSERT INTO first.outbox (subject, message_id, payload) SELECT 's', n::text, '{}' FROM generate_series($1::int, $2::int) n`,
    [from, to],
  )
/** Commits one row, and says what it is. */
const commit = async (subject: string, messageId: string, follows: string): Promise<CommittedRow> => {
  const { rows } = await scene.client.query<{ id: number }>(
    `INSERT INTO first.outbox (subject, message_id, payload) VALUES ($1, $2, 'stored') RETURNING id::float8 AS id`,
    [subject, messageId],
  )
  const { id } = rows[0] as { id: number }
  return { id, subject, message_id: messageId, payload: 'told', origin: null, follows }
}
const { left } = scene
const start = (publish: (row: OutboxRow) => Promise<void>, pollMs = 50, takeoverMs = 10_000) =>
  scene.start(publish, { pollMs, takeoverMs })

describe('the relay', () => {
  it('publishes in order, several batches at a stretch, and leaves nothing', async () => {
    await fill(1, 35)
    const seen: string[] = []
    start(async row => void seen.push(row.message_id))
    await eventually(async () => expect(await left()).toBe(0))
    expect(seen).toEqual(Array.from({ length: 35 }, (_, n) => String(n + 1)))
  })

  it('is woken after a commit, long before its poll', async () => {
    const seen: string[] = []
    const { relay } = start(async row => void seen.push(row.message_id), 60_000)
    await fill(1, 1)
    relay.wake()
    await eventually(() => expect(seen).toEqual(['1']))
    await fill(2, 2)
    relay.wake()
    await eventually(() => expect(seen).toEqual(['1', '2']))
  })

  it('finds by polling what it was not woken for', async () => {
    const seen: string[] = []
    start(async row => void seen.push(row.message_id))
    await eventually(async () =>
      expect(
        (
          await scene.client.query(
            `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          )
        ).rowCount,
      ).toBe(1),
    )
    await fill(1, 1)
    await eventually(() => expect(seen).toEqual(['1']))
  })

  it('waits for a lower id, though its transaction began after the one that has committed a greater', async () => {
    const late = new pg.Client({ connectionString: scene.url })
    await late.connect()
    const seen: string[] = []
    const { relay } = start(async row => void seen.push(row.message_id))
    for (const one of [scene.client, late]) await one.query('BEGIN; SELECT pg_current_xact_id()')
    await late.query(`INSERT INTO first.outbox (subject, message_id, payload) VALUES ('late', 'lower', '')`)
    await fill(1, 1)
    await scene.client.query('COMMIT')
    await eventually(async () => expect(await left()).toBe(0))
    // Looks that find something are those that raise a floor.
    for (const more of [2, 3]) {
      await fill(more, more)
      relay.wake()
      await eventually(async () => expect(await left()).toBe(0))
    }
    await late.query('COMMIT')
    await late.end()
    await eventually(() => expect(seen).toEqual(['1', '2', '3', 'lower']))
    await eventually(async () => expect(await left()).toBe(0))
  })

  it('is replaced by another one when it stands still', async () => {
    await fill(1, 3)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const [first, second]: string[][] = [[], []]
    start(row => (first?.push(row.message_id), released), 50, 300)
    await eventually(() => expect(first).toEqual(['1']))
    start(async row => void second?.push(row.message_id), 50, 300)
    await eventually(async () => expect(await left()).toBe(0))
    expect(second).toEqual(['1', '2', '3'])
    release()
    await fill(4, 4)
    await eventually(async () => expect(await left()).toBe(0))
    expect([first?.includes('4'), second?.includes('4')].filter(Boolean)).toHaveLength(1)
  })

  it('deletes what a batch has published also when the whole batch takes longer than it may', async () => {
    await fill(1, 20)
    const seen: string[] = []
    // A machine that stands still for a second does not make it one.
    start(
      async row => {
        await new Promise(resolve => setTimeout(resolve, 150))
        seen.push(row.message_id)
      },
      50,
      2_500,
    )
    await eventually(async () => expect(await left()).toBe(0), 10_000)
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => String(n + 1)))
  })

  it('keeps what could not be published, and tries again', async () => {
    await fill(1, 3)
    let refuse = true
    const seen: string[] = []
    const { failures } = start(async row => {
      if (refuse && row.message_id === '2') throw new Error('no acknowledgement')
      seen.push(row.message_id)
    })
    await eventually(() => expect(failures).toHaveLength(1))
    expect(await left()).toBeGreaterThan(0)
    refuse = false
    await eventually(async () => expect(await left()).toBe(0))
    expect(new Set(seen)).toEqual(new Set(['1', '2', '3']))
  })

  it('publishes nothing of a subject before what precedes it, and other subjects all the same', async () => {
    await scene.client.query(
      `INSERT INTO first.outbox (subject, message_id, payload) VALUES ('a', 'a1', ''), ('b', 'b1', ''), ('a', 'a2', '')`,
    )
    let refuse = true
    const seen: string[] = []
    const { failures } = start(async row => {
      if (refuse && row.message_id === 'a1') throw new Error('no acknowledgement')
      seen.push(row.message_id)
    })
    await eventually(() => expect(failures.length).toBeGreaterThan(0))
    expect(seen).toEqual(['b1'])
    refuse = false
    await eventually(async () => expect(await left()).toBe(0))
    expect(seen).toEqual(['b1', 'a1', 'a2'])
  })

  it.each([
    ['more subjects than a batch has room for', 250, 1],
    ['one subject with more rows than a batch has room for', 1, 250],
  ])('is not held up by %s that are never taken, and keeps every one', async (_what, subjects, rowsEach) => {
    await scene.client.query(
      `INSERT INTO first.outbox (subject, message_id, payload)
       SELECT 'bad' || s, 'b' || s || '-' || n, '' FROM generate_series(1, $1::int) s, generate_series(1, $2::int) n`,
      [subjects, rowsEach],
    )
    await fill(1, 3)
    let refuse = true
    const seen: string[] = []
    const tried = new Set<string>()
    const { relay } = start(async row => {
      tried.add(row.message_id)
      if (refuse && row.subject !== 's') throw new Error('never taken')
      seen.push(row.message_id)
    }, 60_000)
    await eventually(() => expect(seen).toEqual(['1', '2', '3']))
    await fill(4, 4)
    relay.wake()
    await eventually(() => expect(seen).toEqual(['1', '2', '3', '4']))
    expect(tried.size).toBe(4 + subjects)
    await eventually(async () => expect(await left()).toBe(subjects * rowsEach))
    refuse = false
    await eventually(async () => expect(await left()).toBe(0))
    const late = seen.slice(4)
    expect(late).toHaveLength(subjects * rowsEach)
    for (let subject = 1; subject <= subjects; subject += 1) {
      const inOrder = Array.from({ length: rowsEach }, (_, n) => `b${subject}-${n + 1}`)
      expect(late.filter(id => id.startsWith(`b${subject}-`))).toEqual(inOrder)
    }
  })

  it('tries again without haste while nothing is taken, and at once when something is', async () => {
    await scene.client.query(
      `INSERT INTO first.outbox (subject, message_id, payload) SELECT 's' || n, n::text, '' FROM generate_series(1, 40) n`,
    )
    let refuse = true
    let attempts = 0
    const { failures } = start(async () => {
      attempts += 1
      if (refuse) throw new Error('nobody there')
    }, 10)
    await eventually(() => expect(failures.length).toBeGreaterThan(6))
    // Each once; then a few at a time.
    expect(attempts).toBeLessThan(80)
    refuse = false
    const recovered = (): Promise<void> => eventually(async () => expect(await left()).toBe(0))
    expect(await ownMs(recovered)).toBeLessThan(1_500)
  })

  it('works once though several run, and the next takes over when it stops', async () => {
    const seen: string[] = []
    const first = start(async row => void seen.push(`first ${row.message_id}`))
    await fill(1, 1)
    await eventually(() => expect(seen).toEqual(['first 1']))
    start(async row => void seen.push(`second ${row.message_id}`))
    await fill(2, 2)
    await eventually(() => expect(seen).toEqual(['first 1', 'first 2']))
    await first.relay.stop()
    await fill(3, 3)
    await eventually(() => expect(seen).toEqual(['first 1', 'first 2', 'second 3']))
  })

  it('leaves the database alone while another one works', async () => {
    await fill(1, 1)
    start(async () => undefined, 60_000)
    await eventually(async () => expect(await left()).toBe(0))
    const { relay: standby } = start(async () => undefined, 60_000)
    const lastAsked = async (): Promise<string[]> => {
      const { rows } = await scene.client.query<{ at: string }>(
        `SELECT query_start::text AS at FROM pg_stat_activity
         WHERE application_name LIKE 'relay%' AND datname = current_database() AND query LIKE '%try_advisory%' ORDER BY backend_start`,
      )
      return rows.map(({ at }) => at)
    }
    await eventually(async () => expect(await lastAsked()).toHaveLength(1))
    standby.wake()
    const seen = new Set<string | undefined>()
    for (let look = 0; look < 30; look += 1) seen.add((await lastAsked())[0])
    // Once when it was woken, if it came in between.
    expect(seen.size).toBeLessThanOrEqual(2)
  })

  it('connects again when its session is ended', async () => {
    const seen: string[] = []
    const { failures } = start(async row => void seen.push(row.message_id))
    await fill(1, 1)
    await eventually(() => expect(seen).toEqual(['1']))
    await eventually(async () => expect(await left()).toBe(0))
    await scene.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'relay%' AND datname = current_database()`,
    )
    await fill(2, 2)
    await eventually(() => expect(seen).toEqual(['1', '2']))
    expect(failures.length).toBeGreaterThan(0)
  })
})

describe('what this process has committed itself', () => {
  const said = (row: OutboxRow): string => `${row.message_id} ${row.payload}`

  it('is published as it was told of when all that precedes it is, and is read back otherwise', async () => {
    const seen: string[] = []
    const { relay } = start(async row => void seen.push(said(row)), 60_000)
    relay.wake([await commit('s', '1', '0')])
    await eventually(() => expect(seen).toEqual(['1 stored']))
    relay.wake([await commit('s', '2', '1'), await commit('s', '3', '2')])
    await eventually(() => expect(seen).toEqual(['1 stored', '2 told', '3 told']))
    await commit('s', 'of another', '3')
    relay.wake([await commit('s', '4', 'of another')])
    await eventually(() => expect(seen.slice(3)).toEqual(['of another stored', '4 stored']))
    relay.wake([await commit('s', '5', '4')])
    await eventually(() => expect(seen.slice(5)).toEqual(['5 told']))
    await eventually(async () => expect(await left()).toBe(0))
  })

  it('is read back when it could not be published, with what follows it behind it', async () => {
    let refused = 0
    const seen: string[] = []
    const { relay } = start(async row => {
      if (row.payload === 'told' && refused++ === 0) throw new Error('no acknowledgement')
      seen.push(said(row))
    }, 60_000)
    relay.wake([await commit('s', '1', '0')])
    await eventually(() => expect(seen).toHaveLength(1))
    relay.wake([await commit('s', '2', '1'), await commit('s', '3', '2')])
    await eventually(() => expect(seen).toEqual(['1 stored', '2 stored', '3 stored']))
    await eventually(async () => expect(await left()).toBe(0))
  })

  it('is deleted when the relay ends', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const seen: string[] = []
    const { relay } = start(async row => {
      seen.push(said(row))
      if (row.payload === 'told') await released
    }, 60_000)
    relay.wake([await commit('s', '1', '0')])
    await eventually(() => expect(seen).toHaveLength(1))
    await eventually(async () => expect(await left()).toBe(0))
    relay.wake([await commit('s', '2', '1')])
    await eventually(() => expect(seen).toHaveLength(2))
    const stopped = relay.stop()
    release()
    await stopped
    expect(await left()).toBe(0)
  })

  it('keeps the order of each subject, whoever commits and whatever fails', async () => {
    const seen = new Map<string, number[]>()
    let calls = 0
    const publish = async ({ subject, message_id: id }: OutboxRow) => {
      calls += 1
      const call = calls
      await new Promise(resolve => setTimeout(resolve, (call * 7) % 4))
      if (call % 9 === 0) throw new Error('no acknowledgement')
      seen.set(subject, [...(seen.get(subject) ?? []), Number(id)])
    }
    const { relay } = start(publish)
    start(publish)
    const subjects = ['a', 'b', 'c']
    for (let n = 1; n <= 60; n += 1) {
      const told: CommittedRow[] = []
      for (const [index, subject] of subjects.entries()) {
        const row = await commit(subject, String(n), String(n - 1))
        if ((n + index) % 5 !== 0) told.push(row)
      }
      relay.wake(told)
    }
    await eventually(async () => expect(await left()).toBe(0))
    const all = Array.from({ length: 60 }, (_, n) => n + 1)
    for (const subject of subjects) expect([...new Set(seen.get(subject))]).toEqual(all)
  })
})
