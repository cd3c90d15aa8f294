// JetStream: events that must survive a listener's absence. Made by the owner at its start, with limits, never without.
import { JetStreamApiError, jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { outgoingHeaders } from './bus-headers.ts'
import type { Bus } from './connection.ts'

export interface StreamLimits {
  readonly name: string
  readonly subjects: readonly string[]
  readonly maxAgeMs: number
  readonly maxBytes: number
  /** A message id seen again within this time is not a second event. */
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
    duplicate_window: nanos(limits.duplicateWindowMs),
    max_msgs_per_subject: limits.maxMessagesPerSubject ?? -1,
    allow_direct: true,
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

export const streamPublisher = (bus: Bus, timeoutMs: number): StreamPublisher => {
  const client: JetStreamClient = jetstream(bus.nats, { timeout: timeoutMs })
  return {
    publish: async (subject, { payload, id }) => {
      await client.publish(subject, payload, { msgID: id, timeout: timeoutMs, headers: outgoingHeaders() })
    },
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
