// Making the streams and their consumer: for `npm run migrate`, as a user of NATS who may do that alone. Services may not.
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { connectionOptions } from '../connection.ts'
import { ensureConsumer, ensureStream, judgeConsumer, judgeStream, type Judged } from './ensure.ts'
import type { StreamsConfig } from './stream-variables.ts'
import { consumers, streamsOf } from './streams.ts'

export { ensureStream, type ProvisionState } from './ensure.ts'
export { streamVariables, type StreamsConfig } from './stream-variables.ts'
export { durableConsumer, type StreamLimits } from './streams.ts'

export interface ProvisionOptions {
  /** As a user who may make streams. */
  readonly natsUrl: string
  readonly config: StreamsConfig
  /** Longest wait for NATS, and for a JetStream that takes them: a cluster needs a moment to find itself. */
  readonly waitMs: number
  readonly say: (line: string) => void
}

const retryMs = 500
const askTimeoutMs = 5_000

const withManager = async <T>(natsUrl: string, work: (manager: JetStreamManager) => Promise<T>): Promise<T> => {
  const nats = await connect({
    ...connectionOptions(natsUrl),
    name: 'provisioner',
    reconnect: false,
    timeout: askTimeoutMs,
  })
  try {
    return await work(await jetstreamManager(nats, { timeout: askTimeoutMs }))
  } finally {
    await nats.close()
  }
}

/** What NATS refuses of one keeps the others from nothing. */
const makeAll = async (manager: JetStreamManager, config: StreamsConfig): Promise<void> => {
  const refused: unknown[] = []
  const attempt = (made: Promise<void>): Promise<unknown> => made.catch((error: unknown) => refused.push(error))
  for (const limits of streamsOf(config)) await attempt(ensureStream(manager, limits))
  for (const consumer of consumers) await attempt(ensureConsumer(manager, consumer))
  if (refused.length === 0) return
  const messages = refused.map(error => (error instanceof Error ? error.message : String(error)))
  throw new AggregateError(refused, messages.join('; '))
}

/** Safe to repeat, and at the same time. Rejects with the last failure when it could not be done in time. */
export const provisionStreams = async ({ natsUrl, config, waitMs, say }: ProvisionOptions): Promise<void> => {
  const deadlineAt = performance.now() + waitMs
  for (let told = ''; ;) {
    try {
      return await withManager(natsUrl, manager => makeAll(manager, config))
    } catch (error) {
      if (performance.now() + retryMs > deadlineAt) throw error
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== told) say(`waiting for NATS: ${reason}`)
      told = reason
      await sleep(retryMs)
    }
  }
}

export interface ProvisionStatus extends Judged {
  readonly name: string
}

/** Of every stream and consumer. Changes nothing. */
export const readProvisionStatus = (natsUrl: string, config: StreamsConfig): Promise<readonly ProvisionStatus[]> =>
  withManager(natsUrl, manager =>
    Promise.all([
      ...streamsOf(config).map(async one => ({ name: one.name, ...(await judgeStream(manager, one)) })),
      ...consumers.map(async one => ({ name: one.config.durable_name, ...(await judgeConsumer(manager, one)) })),
    ]),
  )
