// JetStream: events that must survive a listener's absence. The streams are made by `npm run migrate` (provision/), never by a
// service: whoever may change a stream can have messages sent anywhere in its name.
import { JetStreamApiError, jetstreamManager, type ApiError } from '@nats-io/jetstream'
import { headers as createHeaders, nanos } from '@nats-io/nats-core'
import { headersOfOrigin, messageIdHeader, outgoingHeaders } from './bus-headers.ts'
import type { Bus } from './connection.ts'

/** JetStream's codes. */
export const streamNotFound = 10_059
const consumerNotFound = 10_014

/** Whether it says that there is no such stream, or no such consumer of it. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError && [streamNotFound, consumerNotFound].includes(error.code)

const askTimeoutMs = 1_000

export interface StreamPublisher {
  /**
   * Resolves once JetStream has stored the message; `id` makes a repeat harmless within the stream's window. `origin` names the
   * request on whose behalf it is sent, null none; left out, it is the current one.
   */
  publish(subject: string, message: { payload: string; id: string; origin?: string | null }): Promise<void>
}

/** What JetStream answers to a message: where it stored it, or why not. */
interface PublishAck {
  readonly stream?: string
  readonly error?: ApiError
}

/** By the bus's own replies: the client library's publisher makes error objects and a timer for each message. */
export const streamPublisher = (bus: Bus, timeoutMs: number): StreamPublisher => ({
  publish: async (subject, { payload, id, origin }) => {
    const headers = origin === undefined ? outgoingHeaders() : headersOfOrigin(origin)
    headers.set(messageIdHeader, id)
    const { stream, error } = (await bus.replies.send(subject, payload, { timeoutMs, headers })).json<PublishAck>()
    if (error !== undefined) throw new JetStreamApiError(error)
    if (stream === undefined || stream === '') throw new Error(`${subject}: answered by something that is no stream`)
  },
})

/** For operators, when JetStream says that there is no such stream; undefined while it is there, or JetStream is not. */
export const missingStream = async (bus: Bus, stream: string): Promise<string | undefined> => {
  const asking = { timeoutMs: askTimeoutMs, headers: createHeaders() }
  try {
    const { error } = (await bus.replies.send(`$JS.API.STREAM.INFO.${stream}`, '', asking)).json<{ error?: ApiError }>()
    return error?.err_code === streamNotFound ? `the stream ${stream} is missing: npm run migrate makes it` : undefined
  } catch {
    return undefined
  }
}

/** Erases what a stream still keeps of a subject. Harmless when there is no such stream. */
export const purgeSubject = async (bus: Bus, stream: string, subject: string): Promise<void> => {
  const manager = await jetstreamManager(bus.nats, { timeout: 3_000 })
  try {
    await manager.streams.purge(stream, { filter: subject })
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === streamNotFound)) throw error
  }
}

export interface StreamUsage {
  readonly stream: string
  readonly bytes: number
  /** Null: nothing bounds it. */
  readonly maxBytes: number | null
  readonly maxAgeMs: number | null
}

/** Every stream there is, and how full it is. */
export const readStreamUsage = async (bus: Bus): Promise<readonly StreamUsage[]> => {
  const manager = await jetstreamManager(bus.nats, { timeout: 3_000 })
  const usage: StreamUsage[] = []
  for await (const { config, state } of manager.streams.list()) {
    usage.push({
      stream: config.name,
      bytes: state.bytes,
      maxBytes: config.max_bytes > 0 ? config.max_bytes : null,
      maxAgeMs: config.max_age > 0 ? config.max_age / nanos(1) : null,
    })
  }
  return usage
}
