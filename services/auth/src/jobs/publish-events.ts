// Publishes what commits put into the outbox: to JetStream, for owners that must hear of it some time; verifiers listen to
// the same message on its way there, so that they hear of it at once, with JetStream or without.
import { outboxToStream, type Bus, type OutboxPublisher } from '@cairn/bus'
import {
  authOutboxFilledSubject,
  sessionEndedSubjects,
  userDeletedSubjects,
  userSignedOutSubjects,
} from '@cairn/contracts'
import { OutboxRelay } from '@cairn/postgres'
import type { AuthConfig } from '../config.ts'

export const startPublishingEvents = (bus: Bus, config: AuthConfig): OutboxPublisher =>
  outboxToStream(bus, {
    stream: {
      name: 'auth_events',
      subjects: [sessionEndedSubjects, userSignedOutSubjects, userDeletedSubjects],
      maxAgeMs: config.streamMaxAgeSeconds * 1_000,
      maxBytes: config.streamMaxBytes,
      duplicateWindowMs: config.streamDuplicateWindowMs,
    },
    publishTimeoutMs: config.publishTimeoutMs,
    wakeSubject: authOutboxFilledSubject,
    startRelay: ends =>
      new OutboxRelay({
        url: config.databaseUrl,
        table: 'auth.outbox',
        batchSize: config.outboxBatchSize,
        rememberedSubjects: 0,
        pollMs: config.outboxPollMs,
        takeoverMs: config.outboxTakeoverMs,
        ...ends,
      }),
  })
