// Publishes what commits put into the outbox: to JetStream, for owners that must hear of it some time; verifiers listen to
// the same message on its way there, so that they hear of it at once, with JetStream or without.
import { KeptStream, publish, streamPublisher, subscribe, type Bus } from '@cairn/bus'
import {
  authOutboxFilledSubject,
  sessionEndedSubjects,
  userDeletedSubjects,
  userSignedOutSubjects,
} from '@cairn/contracts'
import { OutboxRelay } from '@cairn/postgres'
import type { Logger } from '@cairn/runtime'
import type { AuthConfig } from '../config.ts'

export interface EventPublisher {
  /** To be called after a commit that filled the outbox. */
  outboxFilled(): void
  /** Finishes the batch under way; what is left is published by another replica or after the next start. */
  stop(): Promise<void>
}

const streamName = 'auth_events'

export const startPublishingEvents = (bus: Bus, config: AuthConfig, logger: Logger): EventPublisher => {
  const stream = new KeptStream(bus, {
    name: streamName,
    subjects: [sessionEndedSubjects, userSignedOutSubjects, userDeletedSubjects],
    maxAgeMs: config.streamMaxAgeSeconds * 1_000,
    maxBytes: config.streamMaxBytes,
    duplicateWindowMs: config.streamDuplicateWindowMs,
  })
  const publisher = streamPublisher(bus, config.publishTimeoutMs)
  const relay = new OutboxRelay({
    url: config.databaseUrl,
    table: 'auth.outbox',
    batchSize: config.outboxBatchSize,
    pollMs: config.outboxPollMs,
    publish: async ({ subject, message_id: id, payload }) => {
      try {
        await publisher.publish(subject, { payload, id })
      } catch (error) {
        stream.ensure()
        throw error
      }
    },
    onFailure: error => logger.warn({ error }, 'events could not be published; they wait in the outbox'),
  })
  const woken = subscribe(bus, authOutboxFilledSubject, () => {
    if (relay.active) relay.wake()
  })
  return {
    outboxFilled: () => {
      if (relay.active) relay.wake()
      else publish(bus, authOutboxFilledSubject, {})
    },
    stop: async () => {
      woken.unsubscribe()
      await Promise.all([relay.stop(), stream.stop()])
    },
  }
}
