// Publishes what commits put into the outbox to JetStream, at least once and in each user's order. Neither NATS nor the stream
// has to be there at the start: rows wait in the outbox, and nobody who writes waits for them.
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureStream, publish, streamPublisher, subscribe, type Bus } from '@cairn/bus'
import { logAdvancedSubjects, outboxFilledSubject } from '@cairn/contracts'
import { OutboxRelay } from '@cairn/postgres'
import type { Logger } from '@cairn/runtime'
import type { ProgressConfig } from '../config.ts'

export interface ChangesPublisher {
  /** To be called after a commit that filled the outbox. */
  outboxFilled(): void
  /** Finishes the batch under way; what is left is published by another replica or after the next start. */
  stop(): Promise<void>
}

export const changesStreamName = 'progress_log'
const retryMs = 1_000
const warnEveryMs = 5_000

/** Makes the stream, trying until it is there; `ensure()` again when there is reason to doubt it. */
class ChangesStream {
  readonly #make: () => Promise<void>
  readonly #logger: Logger
  readonly #aborter = new AbortController()
  #underWay: Promise<void> | undefined

  constructor(bus: Bus, config: ProgressConfig, logger: Logger) {
    this.#logger = logger
    this.#make = () =>
      ensureStream(bus, {
        name: changesStreamName,
        subjects: [logAdvancedSubjects],
        maxAgeMs: config.streamMaxAgeMs,
        maxBytes: config.streamMaxBytes,
        duplicateWindowMs: config.streamDuplicateWindowMs,
      })
  }

  ensure(): void {
    this.#underWay ??= this.#tryUntilMade().finally(() => (this.#underWay = undefined))
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    await this.#underWay
  }

  async #tryUntilMade(): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      try {
        await this.#make()
        return
      } catch (error) {
        this.#logger.warn({ error, stream: changesStreamName }, 'the stream cannot be made yet')
        await sleep(retryMs, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
      }
    }
  }
}

/** Logs the first of a row of failures and then one every five seconds. */
const throttledWarning = (logger: Logger): ((error: unknown) => void) => {
  let lastAt = Number.NEGATIVE_INFINITY
  return error => {
    if (performance.now() - lastAt < warnEveryMs) return
    lastAt = performance.now()
    logger.warn({ error }, 'changes could not be published; they wait in the outbox')
  }
}

export const startPublishingChanges = (bus: Bus, config: ProgressConfig, logger: Logger): ChangesPublisher => {
  const stream = new ChangesStream(bus, config, logger)
  const publisher = streamPublisher(bus, config.publishTimeoutMs)
  const relay = new OutboxRelay({
    url: config.databaseUrl,
    table: 'progress.outbox',
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
    onFailure: throttledWarning(logger),
  })
  stream.ensure()
  const woken = subscribe(bus, outboxFilledSubject, () => {
    if (relay.active) relay.wake()
  })
  return {
    outboxFilled: () => {
      if (relay.active) relay.wake()
      else publish(bus, outboxFilledSubject, {})
    },
    stop: async () => {
      woken.unsubscribe()
      await Promise.all([relay.stop(), stream.stop()])
    },
  }
}
