// The relay's place goes to another replica while the stream is away: what is wrong is told by the one at work, and by it alone.
import { Bus } from '@cairn/bus'
import { deriveServiceUrls } from '@cairn/local'
import { progressVariables } from '@cairn/progress/config'
import { createLogger, noMetrics, noTelemetry, readEnvironment, type Metrics } from '@cairn/runtime'
import { administer, createTestDatabase, databaseUrlOf, eventually, provisionNats, startTestBus } from '@cairn/testkit'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { startPublishingChanges } from '../src/jobs/publish-changes.ts'
import { openLink } from './severable-link.ts'

interface Replica {
  /** As it is collected. */
  readonly missing: () => number | undefined
  readonly age: () => number | undefined
}

const startReplica = async (natsUrl: string, databaseUrl: string): Promise<Replica> => {
  const gauges = new Map<string, () => number>()
  const metrics: Metrics = { ...noMetrics, gauge: (name, read) => void gauges.set(name, read) }
  const destination = { write: () => undefined }
  const telemetry = { ...noTelemetry, metrics }
  const logger = createLogger({ service: 'progress', level: 'info', destination, telemetry })
  const bus = await Bus.connect({ url: natsUrl, name: 'progress', logger })
  const variables = {
    NODE_ENV: 'test',
    NATS_URL: natsUrl,
    USER_HASH_KEY: Buffer.alloc(32, 'u').toString('base64url'),
    PROGRESS_DATABASE_URL: databaseUrl,
    PROGRESS_OUTBOX_POLL_MS: '50',
  }
  const publisher = startPublishingChanges(bus, readEnvironment(progressVariables, variables))
  onTestFinished(async () => {
    await publisher.stop()
    await bus.drain(100)
  })
  return { missing: gauges.get('cairn.stream.missing') ?? fail, age: gauges.get('cairn.outbox.age') ?? fail }
}
const fail = (): never => expect.fail('there is no such gauge')

it('a replica whose relay lost its place tells of no lost stream and of nothing that waits', async () => {
  const backends = inject('backends')
  const [own, nats] = await Promise.all([createTestDatabase(backends.databaseUrl, backends.template), startTestBus()])
  onTestFinished(async () => {
    await nats.stop()
    await own.drop()
  })
  const database = databaseUrlOf(backends.databaseUrl, own.name)
  const direct = deriveServiceUrls(database, 'tests').progressDatabaseUrl
  const { hostname, port } = new URL(direct)
  const link = await openLink(hostname, Number(port))
  onTestFinished(() => link.close())
  const linked = new URL(direct)
  linked.host = `127.0.0.1:${link.port}`
  const admin = await Bus.connect({
    url: nats.url,
    name: 'test',
    logger: createLogger({ service: 'test', level: 'info', destination: { write: () => undefined } }),
  })
  onTestFinished(() => admin.drain(100))

  await admin.nats.request('$JS.API.STREAM.DELETE.progress_log')
  await administer(
    database,
    `INSERT INTO progress.outbox (subject, message_id, payload) VALUES ('event.progress.log.advanced.v1.somebody', '1', '{}')`,
  )
  const first = await startReplica(nats.url, linked.href)
  await eventually(() => expect([first.missing(), first.age()]).toEqual([1, expect.toSatisfy(age => age > 0)]))
  const second = await startReplica(nats.url, direct)
  await link.sever()
  await eventually(() => expect([second.missing(), second.age()]).toEqual([1, expect.toSatisfy(age => age > 0)]))
  await eventually(() => expect([first.missing(), first.age()]).toEqual([0, 0]))

  await link.mend()
  await provisionNats(nats.url)
  await eventually(() => expect([second.missing(), second.age()]).toEqual([0, 0]))
  expect([first.missing(), first.age()]).toEqual([0, 0])
}, 30_000)

it('a replica that is cut off from NATS leaves the relay’s place to another one', async () => {
  const backends = inject('backends')
  const [own, nats] = await Promise.all([createTestDatabase(backends.databaseUrl, backends.template), startTestBus()])
  onTestFinished(async () => {
    await nats.stop()
    await own.drop()
  })
  const database = databaseUrlOf(backends.databaseUrl, own.name)
  const direct = deriveServiceUrls(database, 'tests').progressDatabaseUrl
  const { hostname, port } = new URL(nats.url)
  const link = await openLink(hostname, Number(port))
  onTestFinished(() => link.close())
  const linked = new URL(nats.url)
  linked.host = `127.0.0.1:${link.port}`
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  onTestFinished(() => client.end())
  const commit = (messageId: string) =>
    client.query(`INSERT INTO progress.outbox (subject, message_id, payload) VALUES ($1, $2, '{}')`, [
      'event.progress.log.advanced.v1.somebody',
      messageId,
    ])
  const left = async () => (await client.query('SELECT 1 FROM progress.outbox')).rowCount

  await commit('1')
  await startReplica(linked.href, direct)
  await eventually(async () => expect(await left()).toBe(0))
  await startReplica(nats.url, direct)
  await link.sever()
  await commit('2')
  await eventually(async () => expect(await left()).toBe(0), 3_000)
  await link.mend()
}, 30_000)
