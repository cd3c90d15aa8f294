// Publishes what commits put into the outbox: to JetStream, for owners that must hear of it some time; verifiers listen to
// the same message on its way there, so that they hear of it at once, with JetStream or without.
import { outboxToStream, type Bus, type OutboxPublisher } from '@cairn/bus'
import { authEventsStream, authOutboxFilledSubject } from '@cairn/contracts'
import { OutboxRelay } from '@cairn/postgres'
import type { AuthConfig } from '../config.ts'

export const startPublishingEvents = (bus: Bus, config: AuthConfig): OutboxPublisher =>
  outboxToStream(bus, {
    stream: authEventsStream,
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
