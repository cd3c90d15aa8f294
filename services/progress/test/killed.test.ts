// The service killed in mid-stream, again and again, while clients retry: what was acknowledged is there once, logs have no
// gaps, and every event has been published.
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Bus, request } from '@cairn/bus'
import { readChanges, submitEvents, type ChangesPage, type Receipt } from '@cairn/contracts'
import { deriveServiceUrls, launch, Ledger, type RunningProcess } from '@cairn/local'
import { captureLogs, createTestDatabase, databaseUrlOf, eventually, startTestBus } from '@cairn/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { eventWith } from './running-progress.ts'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
const clients = 50
const users = Array.from({ length: 10 }, () => randomUUID())
const batchesPerClient = 12
const kills = 3

let bus: Bus
let nats: Awaited<ReturnType<typeof startTestBus>>
let own: Awaited<ReturnType<typeof createTestDatabase>>
let databaseUrl: string
let service: RunningProcess
let stopping = false

const startService = async (): Promise<void> => {
  const directory = join(inject('backends').directory, `killed-${own.name}`)
  mkdirSync(directory, { recursive: true })
  const env = {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'test',
    NATS_URL: nats.url,
    USER_HASH_KEY: Buffer.alloc(32).toString('base64url'),
    OPS_HOST: '127.0.0.1',
    PROGRESS_OPS_PORT: '0',
    PROGRESS_DATABASE_URL: deriveServiceUrls(databaseUrl, 'tests').progressDatabaseUrl,
  }
  const output = { file: join(directory, 'progress.log'), append: true }
  const how = { command: process.execPath, args: [main], env, directory, output }
  // In a ledger, so that the next run finds it when this one is killed itself.
  const ledger = new Ledger(directory)
  service = await launch(
    { name: 'progress', group: 'service', stop: [{ signal: 'SIGTERM', waitMs: 3_000 }], ...how },
    ledger,
  )
  void service.exited.then(() => (stopping ? undefined : startService()))
}

beforeAll(async () => {
  const backends = inject('backends')
  ;[own, nats] = await Promise.all([createTestDatabase(backends.databaseUrl, backends.template), startTestBus()])
  databaseUrl = databaseUrlOf(backends.databaseUrl, own.name)
  bus = await Bus.connect({ url: nats.url, name: 'test', logger: captureLogs().loggerFor('test') })
  await startService()
})
afterAll(async () => {
  stopping = true
  await service.stop()
  await bus.drain(0)
  await nats.stop()
  await own.drop()
})

const callerOf = (userId: string) => ({ userId, sessionId: randomUUID() })

/** Until it is acknowledged; the same events each time, as a phone does. */
const submitUntilAcknowledged = (userId: string, events: readonly unknown[]): Promise<readonly Receipt[]> =>
  eventually(async () => {
    const options = { payload: { events: [...events] }, timeoutMs: 2_000, caller: callerOf(userId) }
    return (await request(bus, submitEvents, options)).results
  }, 30_000)

const readWholeLog = async (userId: string): Promise<ChangesPage['events']> => {
  const events: ChangesPage['events'] = []
  for (let since = 0, epoch: string | undefined; ;) {
    const payload = { since, limit: 37, ...(epoch === undefined ? {} : { epoch }) }
    const page = await eventually(
      () => request(bus, readChanges, { payload, timeoutMs: 2_000, caller: callerOf(userId) }),
      15_000,
    )
    events.push(...page.events)
    if (!page.has_more) return events
    since = page.to_seq
    epoch = page.epoch
  }
}

const publishedEventIds = async (): Promise<Set<string>> => {
  const { state } = await (await jetstreamManager(bus.nats)).streams.info('progress_log')
  const consumer = await jetstream(bus.nats).consumers.get('progress_log')
  const ids = new Set<string>()
  for (let left = state.messages; left > 0; left -= 1) {
    const message = await consumer.next({ expires: 5_000 })
    for (const event of message?.json<ChangesPage>().events ?? []) ids.add(event.event_id)
  }
  return ids
}

it('loses nothing that it acknowledged', async () => {
  const sent = new Map<string, Set<string>>(users.map(userId => [userId, new Set()]))
  let acknowledgedBatches = 0
  const client = async (index: number): Promise<void> => {
    const userId = users[index % users.length] as string
    for (let batch = 0; batch < batchesPerClient; batch += 1) {
      const events = Array.from({ length: 1 + (batch % 5) }, () => eventWith({ item_id: `i${index}` }))
      for (const receipt of await submitUntilAcknowledged(userId, events)) expect(receipt.status).not.toBe('rejected')
      for (const event of events) sent.get(userId)?.add(event.event_id)
      acknowledgedBatches += 1
    }
  }
  const killer = async (): Promise<void> => {
    for (let kill = 1; kill <= kills; kill += 1) {
      const enough = (clients * batchesPerClient * kill) / (kills + 1)
      await eventually(() => expect(acknowledgedBatches).toBeGreaterThan(enough), 30_000)
      const { pid } = service
      process.kill(pid, 'SIGKILL')
      await eventually(() => expect(service.pid).not.toBe(pid))
    }
  }
  await Promise.all([killer(), ...Array.from({ length: clients }, (_, index) => client(index))])

  for (const [userId, eventIds] of sent) {
    const log = await readWholeLog(userId)
    expect(log.map(event => event.seq)).toEqual(Array.from({ length: log.length }, (_, index) => index + 1))
    expect(new Set(log.map(event => event.event_id))).toEqual(eventIds)
    expect(log).toHaveLength(eventIds.size)
  }
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  await eventually(async () => expect((await database.query('SELECT 1 FROM progress.outbox')).rowCount).toBe(0), 15_000)
  await database.end()
  expect(await publishedEventIds()).toEqual(new Set([...sent.values()].flatMap(ids => [...ids])))
}, 90_000)
