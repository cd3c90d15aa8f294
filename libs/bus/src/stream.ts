// JetStream: events that must survive a listener's absence. Made by the owner at its start, with limits, never without.
import { JetStreamApiError, jetstreamManager, type ApiError } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { messageIdHeader, outgoingHeaders } from './bus-headers.ts'
import type { Bus } from './connection.ts'

export interface StreamLimits {
  readonly name: string
  readonly subjects: readonly string[]
  readonly maxAgeMs: number
  readonly maxBytes: number
  /** A message id seen again within this time, while its message is there, is not a second event. */
  readonly duplicateWindowMs: number
  /** Of a subject; unbounded when left out. */
  readonly maxMessagesPerSubject?: number
}

/** JetStream's code. */
export const streamNotFound = 10_059

/** Makes the stream, or brings an existing one to these limits. */
export const ensureStream = async (bus: Bus, limits: StreamLimits): Promise<void> => {
  const manager = await jetstreamManager(bus.nats, { timeout: 3_000 })
  const config = {
    subjects: [...limits.subjects],
    max_age: nanos(limits.maxAgeMs),
    max_bytes: limits.maxBytes,
    // JetStream refuses a longer window than messages are kept.
    duplicate_window: nanos(Math.min(limits.duplicateWindowMs, limits.maxAgeMs)),
    max_msgs_per_subject: limits.maxMessagesPerSubject ?? -1,
    allow_direct: true,
    num_replicas: bus.streamReplicas,
  }
  try {
    await manager.streams.update(limits.name, config)
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === streamNotFound)) throw error
    await manager.streams.add({ name: limits.name, ...config })
  }
}

export interface StreamPublisher {
  /** Resolves once JetStream has stored the message; `id` makes a repeat harmless within the stream's window. */
  publish(subject: string, message: { payload: string; id: string }): Promise<void>
}

/** What JetStream answers to a message: where it stored it, or why not. */
interface PublishAck {
  readonly stream?: string
  readonly error?: ApiError
}

/** By the bus's own replies: the client library's publisher makes error objects and a timer for each message. */
export const streamPublisher = (bus: Bus, timeoutMs: number): StreamPublisher => ({
  publish: async (subject, { payload, id }) => {
    const headers = outgoingHeaders()
    headers.set(messageIdHeader, id)
    const { stream, error } = (await bus.replies.send(subject, payload, { timeoutMs, headers })).json<PublishAck>()
    if (error !== undefined) throw new JetStreamApiError(error)
    if (stream === undefined || stream === '') throw new Error(`${subject}: answered by something that is no stream`)
  },
})

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
