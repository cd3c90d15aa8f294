// The service killed in mid-stream, again and again, while clients retry: what was acknowledged is there once, logs have no
// gaps, and every event has been published.
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Bus, request } from '@cairn/bus'
import { logAdvancedSubject, readChanges, submitEvents, type ChangesPage, type Receipt } from '@cairn/contracts'
import { deriveServiceUrls, launch, Ledger, type RunningProcess } from '@cairn/local'
import { captureLogs, createTestDatabase, databaseUrlOf, eventually, startTestBus } from '@cairn/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { eventWith } from './running-progress.ts'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
const users: readonly string[] = Array.from({ length: 91 }, () => randomUUID())
/** The user of each: 50 of the first, 450 of the others. */
const clients = Array.from({ length: 500 }, (_, n) => users[n < 50 ? 0 : 1 + (n % 90)] as string)
const batchesPerClient = 5
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
    INCIDENT_SPOOL_DIRECTORY: join(directory, 'incidents'),
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
    expect([page.from_seq, page.to_seq]).toEqual([since + 1, since + page.events.length])
    events.push(...page.events)
    if (!page.has_more) return events
    since = page.to_seq
    epoch = page.epoch
  }
}

/** Every message the stream has stored, by subject, in its order. */
const publishedPages = async (): Promise<Map<string, ChangesPage[]>> => {
  const { state } = await (await jetstreamManager(bus.nats)).streams.info('progress_log')
  const consumer = await jetstream(bus.nats).consumers.get('progress_log')
  const pages = new Map<string, ChangesPage[]>()
  for (let left = state.messages; left > 0; left -= 1) {
    const message = await consumer.next({ expires: 5_000 })
    if (message === null) throw new Error('the stream has lost a message')
    pages.set(message.subject, [...(pages.get(message.subject) ?? []), message.json<ChangesPage>()])
  }
  return pages
}

/** A page may come again, but none is left out or overtaken: each goes on where those before it have ended, or before. */
const expectGapFree = (pages: readonly ChangesPage[], log: ChangesPage['events']): void => {
  let reached = 0
  const seqOf = new Map(log.map(event => [event.event_id, event.seq]))
  for (const { from_seq: from, to_seq: to, events } of pages) {
    expect(from).toBeLessThanOrEqual(reached + 1)
    expect(events.map(event => event.seq)).toEqual(Array.from({ length: to - from + 1 }, (_, index) => from + index))
    for (const event of events) expect(event.seq).toBe(seqOf.get(event.event_id))
    reached = Math.max(reached, to)
  }
  expect(reached).toBe(log.length)
}

const outboxIsEmpty = async (): Promise<void> => {
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  try {
    await eventually(async () => {
      expect((await database.query('SELECT 1 FROM progress.outbox')).rowCount).toBe(0)
    }, 15_000)
  } finally {
    await database.end()
  }
}

it('loses nothing that it acknowledged', async () => {
  /** By user: the seq that the receipt of each event named. */
  const acknowledged = new Map(users.map(userId => [userId, new Map<string, number | undefined>()] as const))
  let acknowledgedBatches = 0
  const client = async (userId: string, index: number): Promise<void> => {
    for (let batch = 0; batch < batchesPerClient; batch += 1) {
      const events = Array.from({ length: 1 + (batch % 5) }, () => eventWith({ item_id: `i${index % 7}` }))
      const receipts = await submitUntilAcknowledged(userId, events)
      expect(receipts.map(receipt => receipt.event_id)).toEqual(events.map(event => event.event_id))
      for (const { event_id: id, seq } of receipts) acknowledged.get(userId)?.set(id as string, seq)
      acknowledgedBatches += 1
    }
  }
  const killer = async (): Promise<void> => {
    for (let kill = 1; kill <= kills; kill += 1) {
      const enough = (clients.length * batchesPerClient * kill) / (kills + 1)
      await eventually(() => expect(acknowledgedBatches).toBeGreaterThan(enough), 30_000)
      const { pid } = service
      process.kill(pid, 'SIGKILL')
      await eventually(() => expect(service.pid).not.toBe(pid))
    }
  }
  await Promise.all([killer(), ...clients.map(client)])

  await outboxIsEmpty()
  const pages = await publishedPages()
  for (const [userId, seqs] of acknowledged) {
    const log = await readWholeLog(userId)
    expect(log.map(event => event.seq)).toEqual(Array.from({ length: log.length }, (_, index) => index + 1))
    expect(new Map(log.map(event => [event.event_id, event.seq]))).toEqual(seqs)
    expectGapFree(pages.get(logAdvancedSubject(userId)) ?? [], log)
  }
}, 90_000)
