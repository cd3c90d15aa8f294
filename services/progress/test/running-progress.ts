// Progress as its callers know it: over a real bus, on a database of its own, with its own role.
import { randomUUID } from 'node:crypto'
import { Bus, request } from '@cairn/bus'
import {
  readChanges,
  readHead,
  readSnapshot,
  submitEvents,
  type Caller,
  type Operation,
  type ReplyOf,
  type RequestOf,
  type Snapshot,
} from '@cairn/contracts'
import { deriveServiceUrls } from '@cairn/local'
import { progressVariables } from '@cairn/progress/config'
import { startProgress, type RunningProgress } from '@cairn/progress/service'
import { readEnvironment, type Environment } from '@cairn/runtime'
import {
  captureLogs,
  createTestDatabase,
  databaseUrlOf,
  incidentEnvironment,
  startTestBus,
  type CapturedLogs,
} from '@cairn/testkit'
import pg from 'pg'
import { inject } from 'vitest'

export interface ProgressUnderTest {
  readonly bus: Bus
  readonly natsUrl: string
  readonly logs: CapturedLogs
  /** As the administrator, for looking into tables. */
  readonly database: pg.Pool
  /** What the service connects with. */
  readonly serviceUrl: string
  /** One more instance of the service on the same bus and database. */
  startAnother(environment?: Environment): Promise<RunningProgress>
  ask<O extends Operation>(operation: O, payload: RequestOf<O>, userId?: string): Promise<ReplyOf<O>>
  /** Stops all instances; bus and database stay. */
  stopService(): Promise<void>
  stop(): Promise<void>
}

const testKey = Buffer.alloc(32, 'u').toString('base64url')

const callerOf = (userId: string): Caller => ({ userId, sessionId: randomUUID() })

/** `urlFor` may put something between the service and its database. */
export const startProgressUnderTest = async (
  environment: Environment = {},
  urlFor: (serviceUrl: string) => Promise<string> = url => Promise.resolve(url),
): Promise<ProgressUnderTest> => {
  const backends = inject('backends')
  const [own, nats] = await Promise.all([createTestDatabase(backends.databaseUrl, backends.template), startTestBus()])
  const databaseUrl = databaseUrlOf(backends.databaseUrl, own.name)
  const serviceUrl = await urlFor(deriveServiceUrls(databaseUrl, 'tests').progressDatabaseUrl)
  const logs = captureLogs()
  const running: RunningProgress[] = []
  const incidents = incidentEnvironment()
  const startAnother = async (more: Environment = {}): Promise<RunningProgress> => {
    const variables = {
      NODE_ENV: 'test',
      NATS_URL: nats.url,
      USER_HASH_KEY: testKey,
      DRAIN_WINDOW_MS: '1000',
      OPS_HOST: '127.0.0.1',
      PROGRESS_DATABASE_URL: serviceUrl,
      PROGRESS_OPS_PORT: '0',
      ...incidents,
      ...environment,
      ...more,
    }
    const service = await startProgress(readEnvironment(progressVariables, variables), logs.loggerFor('progress'))
    let stopped: Promise<void> | undefined
    const once: RunningProgress = { ...service, stop: () => (stopped ??= service.stop()) }
    running.push(once)
    return once
  }
  await startAnother()
  const bus = await Bus.connect({ url: nats.url, name: 'test', logger: logs.loggerFor('test') })
  await bus.nats.flush()
  const database = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  const stopService = async (): Promise<void> => {
    await Promise.all(running.map(service => service.stop()))
  }
  return {
    bus,
    natsUrl: nats.url,
    logs,
    database,
    serviceUrl,
    startAnother,
    ask: (operation, payload, userId) =>
      request(bus, operation, {
        payload,
        timeoutMs: 6_000,
        ...(userId === undefined ? {} : { caller: callerOf(userId) }),
      }),
    stopService,
    stop: async () => {
      await stopService()
      await bus.drain(0)
      await database.end()
      await nats.stop()
      await own.drop()
    },
  }
}

/** The requests of one user. */
export const phoneOf = (progress: ProgressUnderTest, userId: string = randomUUID()) => ({
  userId,
  submit: (...events: unknown[]) => progress.ask(submitEvents, { events }, userId),
  snapshot: async (timeZone?: string): Promise<Snapshot> => {
    const wanted = timeZone === undefined ? {} : { time_zone: timeZone }
    const { snapshot } = await progress.ask(readSnapshot, wanted, userId)
    if (snapshot === null) throw new Error('no snapshot, though no tag was sent')
    return snapshot
  },
  changes: (wanted: RequestOf<typeof readChanges>) => progress.ask(readChanges, wanted, userId),
  head: () => progress.ask(readHead, {}, userId),
})

export interface SentEvent {
  readonly event_id: string
  readonly track_id: string
  readonly item_id: string
  readonly kind: 'started' | 'advanced' | 'completed' | 'practiced' | 'reset'
  readonly occurred_at: string
  readonly percent?: number
  readonly score?: number
  readonly points?: number
  readonly duration_ms?: number
}

/** An event with an id of its own; everything about it may be chosen. */
export const eventWith = (chosen: Partial<SentEvent> = {}): SentEvent => ({
  event_id: randomUUID(),
  track_id: 'course',
  item_id: 'lesson',
  kind: 'practiced',
  occurred_at: '2024-03-01T10:00:00.000+01:00',
  ...chosen,
})
