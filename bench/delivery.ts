// `npm run bench -- delivery`: is every committed event handed to the application of every device, once and in order, while
// clients are cut off, a realtime node, NATS, Redis and progress die? Its bars hold at any size.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '@cairn/contracts'
import { providePostgres } from '@cairn/local'
import { createMigratedDatabase, startFleet, type Fleet } from '@cairn/testkit/fleet'
import { judge, nextEvent, openNetwork, Phone, settle, type DoorName, type Verdict } from '@cairn/testkit/load'
import { faultsOf, strikeAll } from './delivery/faults.ts'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'

interface Scale {
  readonly users: number
  /** One on each door for each user. */
  readonly doors: readonly DoorName[]
  readonly postsPerSecond: number
  readonly durationMs: number
  /** How often the TCP of one phone is cut, on average, and how long it stays offline. */
  readonly cutEveryMs: number
  readonly offlineMs: number
  /** How long a killed service stays away. */
  readonly downMs: number
}

const doors: readonly DoorName[] = ['plain WebSocket', 'socket.io']
const scales: Record<'real' | 'smoke', Scale> = {
  real: {
    users: 250,
    doors,
    postsPerSecond: 200,
    durationMs: 75_000,
    cutEveryMs: 10_000,
    offlineMs: 2_000,
    downMs: 2_000,
  },
  smoke: { users: 8, doors, postsPerSecond: 40, durationMs: 8_000, cutEveryMs: 2_500, offlineMs: 400, downMs: 300 },
}
const root = join(import.meta.dirname, '..')

const signIn = async (gatewayUrl: string): Promise<Session> => {
  const answer = await fetch(`${gatewayUrl}/api/v1/auth/guest`, { method: 'POST' })
  if (!answer.ok) throw new Error(`signing in was answered by ${answer.status}`)
  return (await answer.json()) as Session
}

const startPhones = async (fleet: Fleet, scale: Scale): Promise<readonly Phone[]> => {
  const ports = fleet.of('realtime').map(({ port }) => port)
  const phones: Phone[] = []
  for (let user = 0; user < scale.users; user += 1) {
    const session = await signIn(fleet.gatewayUrl)
    for (const door of scale.doors) {
      const network = await openNetwork({ nodes: () => ports, sticky: true })
      phones.push(new Phone({ door, gatewayUrl: fleet.gatewayUrl, network, session }))
    }
  }
  return phones
}

const anyOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T

/** Calls `act` so often a second, at even distances as well as timers allow, until the time is over. */
const atRate = async (perSecond: number, durationMs: number, act: (count: number) => void): Promise<void> => {
  const startedAt = performance.now()
  for (let count = 0; ; await sleep(5)) {
    const elapsedMs = performance.now() - startedAt
    for (; count < (Math.min(elapsedMs, durationMs) / 1_000) * perSecond; count += 1) act(count)
    if (elapsedMs >= durationMs) return
  }
}

interface Fire {
  readonly fleet: Fleet
  readonly phones: readonly Phone[]
  readonly scale: Scale
  readonly say: BenchContext['say']
}

interface Outcome extends Verdict {
  readonly recorded: number
  readonly cuts: number
  readonly connects: number
  /** From the last cut and the last post until every phone had everything. */
  readonly settledMs: number
}

const setOnFire = async ({ fleet, phones, scale, say }: Fire): Promise<Outcome> => {
  const recorded = new Map(phones.map(phone => [phone, new Set<string>()] as const))
  const record = (count: number): void => {
    const phone = anyOf(phones)
    const event = nextEvent(count)
    recorded.get(phone)?.add(event.event_id)
    void phone.client.record(event)
  }
  let cuts = 0
  const cut = (): void => {
    cuts += 1
    anyOf(phones).network.cut(scale.offlineMs)
  }
  await Promise.all([
    atRate(scale.postsPerSecond, scale.durationMs, record),
    atRate((phones.length / scale.cutEveryMs) * 1_000, scale.durationMs, cut),
    strikeAll(faultsOf(fleet, scale.downMs), scale.durationMs, say),
  ])
  const quietAt = performance.now()
  const logs = await settle(phones, fleet.gatewayUrl)
  return {
    ...judge(phones, logs, recorded),
    recorded: [...recorded.values()].reduce((sum, ids) => sum + ids.size, 0),
    cuts,
    connects: phones.reduce((sum, phone) => sum + phone.connects, 0),
    settledMs: Math.round(performance.now() - quietAt),
  }
}

const resultOf = (outcome: Outcome, { users, doors: { length } }: Scale): BenchResult => ({
  tables: [
    {
      title: `${users * length} clients under fire`,
      columns: ['events'],
      rows: [
        ['recorded by phones', outcome.recorded],
        ['to be handed over', outcome.expected],
        ['missing', outcome.missing],
        ['handed over twice', outcome.twice],
        ['out of order', outcome.outOfOrder],
        ['not of the log', outcome.unknown],
        ['without one good receipt', outcome.badReceipts],
        ['acknowledged, and not in the log once', outcome.lost],
      ],
    },
    {
      title: 'what it took',
      columns: ['count'],
      rows: [
        ['connections cut', outcome.cuts],
        ['connections made', outcome.connects],
        ['logs begun anew', outcome.resets],
        ['ms until all had everything', outcome.settledMs],
      ],
    },
  ],
  figures: { ...outcome, deliveredPercent: (1 - outcome.missing / outcome.expected) * 100 },
  bars: {
    everyEventDelivered: outcome.expected > 0 && outcome.missing === 0 && outcome.unknown === 0,
    noneTwice: outcome.twice === 0,
    noneOutOfOrder: outcome.outOfOrder === 0,
    everyAcknowledgedLoggedOnce: outcome.lost === 0,
    oneReceiptEach: outcome.badReceipts === 0,
    nobodyBeganAnew: outcome.resets === 0,
  },
})

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  const postgres = await providePostgres({ directory, env: {}, say })
  try {
    const order = { serverUrl: postgres.url, name: 'delivery', passwordSeed: 'tests' }
    const { databaseUrl } = await createMigratedDatabase(root, order)
    const fleet = await startFleet({
      directory: join(directory, 'fleet'),
      databaseUrl,
      replicas: { realtime: 2, janitor: 0 },
    })
    const phones = await startPhones(fleet, scale)
    try {
      return resultOf(await setOnFire({ fleet, phones, scale, say }), scale)
    } finally {
      for (const phone of phones) phone.end()
      await Promise.all(phones.map(({ network }) => network.close()))
      await fleet.stop()
    }
  } finally {
    await postgres.stop()
  }
}

export const bench: Bench = { name: 'delivery', exact: true, run }
