// Users who came together are not compared with their heads together: progress would be asked for all of them within the same
// moment, every period. And however many are due, it is asked for a few at a time.
import { eventually } from '@cairn/testkit'
import { afterEach, expect, it } from 'vitest'
import { plainDoor, type TestClient } from './doors.ts'
import { startScene, type Scene } from './scene.ts'

const users = 40

let scene: Scene
let clients: TestClient[] = []

afterEach(async () => {
  for (const client of clients) client.end()
  await scene.stop()
})
const start = async (environment: Record<string, string>): Promise<void> => {
  scene = await startScene(environment)
  const people = await Promise.all(Array.from({ length: users }, () => scene.others.signIn()))
  clients = await Promise.all(
    people.map(async ({ userId, token }) => (await plainDoor.connect(scene.node.url, userId, { token })) as TestClient),
  )
  await eventually(() => expect(clients.every(({ frames }) => frames.length === 1)).toBe(true))
}

it('spreads the comparisons of users who came together', async () => {
  const headCheckMs = 2_000
  await start({ REALTIME_HEAD_CHECK_MS: String(headCheckMs) })
  const { headsAsked } = scene.others.progress
  const askedBefore = headsAsked.length
  const comparedAt = new Map<string, number[]>()
  let seen = askedBefore
  await eventually(() => {
    for (; seen < headsAsked.length; seen += 1) {
      const userId = headsAsked[seen] ?? ''
      comparedAt.set(userId, [...(comparedAt.get(userId) ?? []), performance.now()])
    }
    const rounds = [...comparedAt.values()].filter(times => times.length >= 2)
    expect(rounds).toHaveLength(users)
  }, 5 * headCheckMs)
  for (const round of [0, 1]) {
    const times = [...comparedAt.values()].map(all => all[round] ?? 0).toSorted((one, other) => one - other)
    // Without the earliest and the latest tenth, which may be there by chance.
    const spreadMs = (times[0.9 * users - 1] ?? 0) - (times[0.1 * users] ?? 0)
    expect(spreadMs).toBeGreaterThan(0.2 * headCheckMs)
  }
}, 20_000)

it('compares a bounded number at a time, and not those who have gone meanwhile', async () => {
  const concurrency = 2
  await start({ REALTIME_HEAD_CHECK_MS: '500', REALTIME_REPAIR_CONCURRENCY: String(concurrency) })
  const { progress } = scene.others
  const { promise, resolve: giveHeads } = Promise.withResolvers<void>()
  progress.headAfter = promise
  const before = progress.headsAsked.length
  await eventually(() => expect(progress.headsAsked.length - before).toBeGreaterThanOrEqual(concurrency))
  const since = performance.now()
  await eventually(() => expect(performance.now() - since).toBeGreaterThan(1_000))
  // One or two more may have been answered before they had to wait.
  expect(progress.headsAsked.length - before).toBeLessThanOrEqual(2 * concurrency)
  for (const client of clients) client.send('unknown', {})
  await eventually(() => expect(clients.every(({ closed }) => closed)).toBe(true))
  const askedByThen = progress.headsAsked.length
  progress.headAfter = undefined
  giveHeads()
  // Whose comparison waits behind all of theirs.
  const { userId, token } = await scene.others.signIn()
  clients.push((await plainDoor.connect(scene.node.url, userId, { token })) as TestClient)
  await eventually(() => expect(progress.headsAsked.filter(asked => asked === userId)).toHaveLength(2))
  expect(progress.headsAsked.slice(askedByThen)).toEqual([userId, userId])
}, 20_000)
