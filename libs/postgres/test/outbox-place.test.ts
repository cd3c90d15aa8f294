// Who is at work: a relay that can publish nothing leaves its place to one that can, in each subject's order; and how far
// behind the one at work is.
import type { CommittedRow, OutboxRow } from '@cairn/postgres'
import { eventually } from '@cairn/testkit'
import { describe, expect, it } from 'vitest'
import { outboxScene } from './outbox-scene.ts'

const scene = outboxScene()

/** So many rows of each subject. */
const fill = (subjects: number, rowsEach: number) =>
  scene.client.query(
    `INSERT INTO first.outbox (subject, message_id, payload)
     SELECT 's' || s, s || '-' || n, '' FROM generate_series(1, $2::int) n, generate_series(1, $1::int) s`,
    [subjects, rowsEach],
  )
const inOrder = (subjects: number, rowsEach: number) =>
  Array.from({ length: subjects }, (_s, s) => Array.from({ length: rowsEach }, (_n, n) => `${s + 1}-${n + 1}`))
const bySubject = (seen: readonly string[], subjects: number) =>
  Array.from({ length: subjects }, (_s, s) => seen.filter(id => id.startsWith(`${s + 1}-`)))
const never = async (): Promise<void> => {
  throw new Error('nobody there')
}

describe('a relay that can publish nothing', () => {
  it('leaves its place to another one while it is not connected, and does not compete', async () => {
    let connected = true
    const [own, others]: string[][] = [[], []]
    const cutOff = scene.start(async row => void (connected ? own?.push(row.message_id) : await never()), {
      connected: () => connected,
    })
    await fill(1, 1)
    await eventually(() => expect(own).toEqual(['1-1']))
    connected = false
    await fill(3, 4)
    const healthy = scene.start(async row => void others?.push(row.message_id))
    await eventually(async () => expect(await scene.left()).toBe(0))
    expect(bySubject(others ?? [], 3)).toEqual(inOrder(3, 4))
    expect([cutOff.relay.active, healthy.relay.active]).toEqual([false, true])
    await healthy.relay.stop()
    await fill(1, 1)
    expect(await scene.left()).toBe(1)
    connected = true
    cutOff.relay.wake()
    await eventually(async () => expect(await scene.left()).toBe(0))
    expect(own).toHaveLength(2)
  })

  it('leaves its place to another one when nothing was taken for as long as a takeover takes', async () => {
    const cutOff = scene.start(never, { takeoverMs: 300 })
    await eventually(() => expect(cutOff.relay.active).toBe(true))
    const seen: string[] = []
    const healthy = scene.start(async row => void seen.push(row.message_id), { takeoverMs: 300 })
    await fill(5, 4)
    await eventually(async () => expect(await scene.left()).toBe(0))
    expect(bySubject(seen, 5)).toEqual(inOrder(5, 4))
    await eventually(() => expect([cutOff.relay.behindMs, healthy.relay.behindMs]).toEqual([0, 0]))
  })

  it('has everything on its way behind it before another one begins', async () => {
    let connected = true
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const seen: string[] = []
    const first = scene.start(
      async row => {
        if (row.message_id === '2') await released
        seen.push(`first ${row.message_id}`)
      },
      { connected: () => connected, pollMs: 60_000 },
    )
    const commit = async (messageId: string): Promise<CommittedRow> => {
      const row = { subject: 's', message_id: messageId, payload: '', origin: null }
      const text = `INSERT INTO first.outbox (subject, message_id, payload) VALUES ('s', $1, '') RETURNING id::float8 AS id`
      const { rows } = await scene.client.query<{ id: number }>(text, [messageId])
      return { ...row, id: rows[0]?.id ?? 0, follows: String(Number(messageId) - 1) }
    }
    await commit('1')
    first.relay.wake()
    await eventually(async () => expect(await scene.left()).toBe(0))
    first.relay.wake([await commit('2')])
    connected = false
    first.relay.wake()
    const second = scene.start(async (row: OutboxRow) => void seen.push(`second ${row.message_id}`))
    await commit('3')
    try {
      await eventually(() => expect(first.relay.active).toBe(false))
      expect([seen, second.relay.active]).toEqual([['first 1'], false])
    } finally {
      release()
    }
    await eventually(async () => expect(await scene.left()).toBe(0))
    expect(seen).toEqual(['first 1', 'first 2', 'second 3'])
  })

  it('goes on telling how long rows wait, though the place goes to and fro', async () => {
    await fill(2, 1)
    const relays = [1, 2].map(() => scene.start(never, { takeoverMs: 400 }).relay)
    const atWork = new Set<number>()
    await eventually(() => {
      for (const [index, relay] of relays.entries()) if (relay.active) atWork.add(index)
      expect(atWork.size).toBe(2)
      expect(Math.max(...relays.map(relay => relay.behindMs))).toBeGreaterThan(1_500)
    })
  })
})

it('a relay is behind for as long as rows are left, though nothing fails', async () => {
  await fill(1, 200)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let published = 0
  const { relay } = scene.start(async () => {
    published += 1
    if (published > 25) await released
  })
  await eventually(() => expect(published).toBeGreaterThan(25))
  const behindMs = relay.behindMs
  expect(behindMs).toBeGreaterThan(0)
  await eventually(() => expect(relay.behindMs).toBeGreaterThan(behindMs + 50))
  release()
  await eventually(async () => expect(await scene.left()).toBe(0))
  await eventually(() => expect(relay.behindMs).toBe(0))
})
