// Publishes what commits put into the outbox to JetStream, at least once and in each user's order; nobody who writes waits
// for it.
import { outboxToStream, type Bus, type OutboxPublisher } from '@cairn/bus'
import { outboxFilledSubject, progressLogStream } from '@cairn/contracts'
import { OutboxRelay } from '@cairn/postgres'
import type { ProgressConfig } from '../config.ts'

export const startPublishingChanges = (bus: Bus, config: ProgressConfig): OutboxPublisher =>
  outboxToStream(bus, {
    stream: progressLogStream,
    publishTimeoutMs: config.publishTimeoutMs,
    wakeSubject: outboxFilledSubject,
    startRelay: ends =>
      new OutboxRelay({
        url: config.databaseUrl,
        table: 'progress.outbox',
        batchSize: config.outboxBatchSize,
        rememberedSubjects: config.outboxRememberedUsers,
        pollMs: config.outboxPollMs,
        takeoverMs: config.outboxTakeoverMs,
        ...ends,
      }),
  })
