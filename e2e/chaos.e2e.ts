// Two replicas of every service under load, while a seeded schedule kills, stops, restarts and cuts off each service, NATS, Redis and
// Postgres: a short one in the suite, every fault of every target with `npm run test:chaos`.
import { join } from 'node:path'
import { providePostgres, type Backend } from '@cairn/local'
import { createMigratedDatabase } from '@cairn/testkit/fleet'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { scheduleOf } from './chaos/faults.ts'
import { playScene, type Outcome, type Scale } from './chaos/scene.ts'
import { seeded } from './chaos/seeded.ts'
import { runCommand } from './run-command.ts'

const size = process.env['CHAOS_SIZE'] === 'full' ? 'full' : 'short'
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const scales: Record<typeof size, Scale> = {
  short: { users: 10, eventsPerSecond: 30, visitsPerSecond: 3, downMs: [1_000, 3_000], calmMs: 700 },
  full: { users: 40, eventsPerSecond: 60, visitsPerSecond: 5, downMs: [2_000, 8_000], calmMs: 2_000 },
}
const withinMs = size === 'full' ? 1_200_000 : 180_000
/** Every part tries again within 5 s, and waits no longer than that for an answer. */
const recoveredWithinMs = 20_000
/** What deploy/kubernetes allows a service. */
const memoryLimitMiB = 512
const root = join(import.meta.dirname, '..')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const print = ({ struck, mostMiB, ...rest }: Outcome): void => {
  const spread = (values: readonly number[]) => {
    const sorted = values.toSorted((one, other) => one - other)
    return { median: sorted[sorted.length >> 1], most: sorted.at(-1) }
  }
  const recoveryMs = spread(struck.map(one => one.recoveryMs))
  const readyMs = spread(struck.map(one => one.readyMs))
  say(JSON.stringify({ seed, size, recoveryMs, readyMs }))
  say(JSON.stringify(rest))
  say(JSON.stringify({ mostMiB }))
}

describe(`a stack under fire, seed ${seed}`, () => {
  let postgres: Backend
  let outcome: Outcome
  let rebuilt: { code: number | null; output: string }
  beforeAll(async () => {
    const chance = seeded(seed)
    const directory = join(inject('backends').directory, `chaos-${seed}`)
    postgres = await providePostgres({ directory, env: {}, say: () => undefined })
    const order = { serverUrl: postgres.url, name: 'chaos', passwordSeed: 'tests' }
    const { databaseUrl, progressDatabaseUrl } = await createMigratedDatabase(root, order)
    const options = { directory, databaseUrl, postgres, scale: scales[size], chance, say }
    outcome = await playScene({ ...options, schedule: scheduleOf(size, chance) })
    print(outcome)
    rebuilt = await runCommand('rebuild', { PROGRESS_DATABASE_URL: progressDatabaseUrl }, '--all')
  }, withinMs)
  afterAll(() => postgres.stop())

  it('comes back by itself after each fault', () => {
    const late = outcome.struck.filter(({ recoveryMs, readyMs }) => Math.max(recoveryMs, readyMs) > recoveredWithinMs)
    expect([late, outcome.unready]).toEqual([[], []])
    expect(outcome.struck.length).toBe(size === 'full' ? 32 : 8)
  })

  it('has every acknowledged event in its log once, and every client has what the server has', () => {
    const none = { missing: 0, twice: 0, outOfOrder: 0, unknown: 0, badReceipts: 0, lost: 0, resets: 0 }
    expect(outcome.phones).toMatchObject(none)
    expect(outcome.phones.expected).toBeGreaterThan(outcome.struck.length * 20)
    expect(rebuilt).toMatchObject({ code: 0, output: expect.stringContaining('0 differed') as string })
  })

  it('has lost no session and kept none that was ended', () => {
    expect([outcome.faults, outcome.lostPhones]).toEqual([[], 0])
    expect(outcome.visitors.kept).toBeGreaterThan(outcome.struck.length)
    expect(outcome.visitors.ended).toBeGreaterThan(outcome.struck.length / 2)
  })

  it('answers with 503 alone what it cannot do, and knows each of those incidents', () => {
    expect(Object.keys(outcome.serverErrors).filter(status => status !== '503')).toEqual([])
    // Short faults may be bridged without one.
    expect(outcome.incidents).toBeGreaterThanOrEqual(size === 'full' ? 10 : 0)
  })

  it('keeps its memory bounded', () => {
    const most = Object.values(outcome.mostMiB)
    expect(most).toHaveLength(10)
    expect(Math.max(...most)).toBeLessThan(memoryLimitMiB)
  })
})
