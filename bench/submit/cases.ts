// What `submit` compares: posts through the whole path, singly and in batches, beside a bare INSERT, bare Fastify and bare NATS.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { submitEvents } from '@cairn/contracts'
import pg from 'pg'
import { startBareServer } from '../harness/bare-server.ts'
import type { EdgeStack } from '../harness/edge-stack.ts'
import type { LoadResult } from '../harness/load.ts'
import { startLoadProcess, type LoadProcess } from '../harness/load-process.ts'
import { withCpu } from '../harness/measured-load.ts'
import { cpuMsOf, type Meters } from '../harness/process-cpu.ts'
import type { Measured } from '../harness/rounds.ts'
import type { InsertSetup } from './insert-load.ts'
import type { NatsSetup } from './nats-load.ts'
import type { PostSetup } from './post-load.ts'

export interface Case {
  /** One round: load for a while, and what it cost. */
  readonly round: (durationMs: number) => Promise<Measured>
  readonly stop: () => Promise<void>
}

interface Order {
  readonly durationMs: number
}

const start = (script: string, setup: object): Promise<LoadProcess<Order, LoadResult>> =>
  startLoadProcess(join(import.meta.dirname, script), setup)

const caseOf = (load: LoadProcess<Order, LoadResult>, meters: Meters, eventsEach = 1): Case => ({
  round: durationMs =>
    withCpu({ ...meters, load: () => cpuMsOf(load.pid) }, () => load.ask({ durationMs }), eventsEach),
  stop: () => load.stop(),
})

export interface PostOptions {
  readonly stack: EdgeStack
  readonly postgres: Meters
  readonly tokens: readonly string[]
  readonly connections: number
  readonly eventsEach: number
}

export const postCase = async ({ stack, postgres, tokens, connections, eventsEach }: PostOptions): Promise<Case> => {
  const setup: PostSetup = { url: stack.gatewayUrl, connections, eventsEach, tokens, checked: true }
  return caseOf(await start('post-load.ts', setup), { ...stack.cpu, ...postgres }, eventsEach)
}

/** A copy of the event table with its indexes and checks, owned by nobody's service. */
const copyEventTable = async (databaseUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('CREATE SCHEMA bench; CREATE TABLE bench.events (LIKE progress.events INCLUDING ALL)')
  } finally {
    await client.end()
  }
}

export const insertCase = async (databaseUrl: string, connections: number, postgres: Meters): Promise<Case> => {
  await copyEventTable(databaseUrl)
  const setup: InsertSetup = { databaseUrl, connections }
  return caseOf(await start('insert-load.ts', setup), postgres)
}

/** What a post of one event is answered. */
const answer = {
  results: [{ event_id: randomUUID(), status: 'applied', seq: 1_234 }],
  head: { epoch: 'e'.repeat(32), seq: 1_234 },
  request_id: 'r'.repeat(22),
}

export const fastifyCase = async (root: string, connections: number): Promise<Case> => {
  const route = '/api/v1/progress/events'
  const server = await startBareServer(root, { route, body: submitEvents.request, answer })
  const setup: PostSetup = { url: server.url, connections, eventsEach: 1, tokens: ['t'.repeat(389)], checked: false }
  const load = await start('post-load.ts', setup)
  const { round } = caseOf(load, { fastify: () => cpuMsOf(server.pid) })
  return {
    round,
    stop: async () => {
      await load.stop()
      await server.stop()
    },
  }
}

const event = { event_id: randomUUID(), track_id: 'track-1', item_id: 'item-1', kind: 'practiced' }
const payload = JSON.stringify({
  events: [{ ...event, occurred_at: new Date().toISOString(), percent: 50, points: 5 }],
})

export const natsCase = async (stack: EdgeStack, workers: number): Promise<Case> => {
  const setup: NatsSetup = { url: stack.natsUrl, workers, payload }
  const responder = await start('nats-load.ts', { ...setup, answer: JSON.stringify(answer) })
  const asking = await start('nats-load.ts', setup)
  const { round } = caseOf(asking, { nats: stack.cpu.nats, responder: () => cpuMsOf(responder.pid) })
  return {
    round,
    stop: async () => {
      await asking.stop()
      await responder.stop()
    },
  }
}
