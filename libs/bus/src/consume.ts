// A durable consumer of a stream: every message is handled at least once, by one member at a time, also those that came
// while nobody was there. A message counts as handled when its handler says so; a handler that fails gets it again later.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  type ConsumerMessages,
  type JsMsg,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { toCairnError } from '@cairn/contracts'
import {
  continueTrace,
  currentRequest,
  endRequestSpan,
  runInRequest,
  type RequestContext,
  type SpanLink,
} from '@cairn/runtime'
import { incomingRequest } from './bus-headers.ts'
import type { Bus } from './connection.ts'
import type { EventMessage } from './events.ts'
import { messagingAttributes } from './span-attributes.ts'
import { streamNotFound } from './stream.ts'

/** Done with it for good, or to be handed out again after so long. */
export type Handled = 'done' | { readonly againInMs: number }

export interface ConsumeOptions {
  readonly stream: string
  /** Name of the consumer, the same in every replica: they share its messages. */
  readonly durable: string
  /** Which of the stream's subjects; wildcards allowed. */
  readonly subject: string
  /** A member that says nothing about a message for so long has lost it to another. */
  readonly ackWaitMs: number
  /** How long a message waits after its handler failed. */
  readonly retryMs: number
  readonly handle: (message: EventMessage) => Promise<Handled>
}

export interface Consuming {
  /** Takes no more messages; resolves when the one being handled is. */
  stop(): Promise<void>
}

const reopenMs = 1_000

/** The first time a message is part of what caused it; handed out again, it begins a trace that points there. */
const contextOf = (message: JsMsg): { context: RequestContext; links: readonly SpanLink[] } => {
  const context = incomingRequest(message.headers)
  const { traceId, parentId } = context.trace
  if (!message.redelivered || parentId === undefined) return { context, links: [] }
  return { context: { ...context, trace: continueTrace() }, links: [{ traceId, spanId: parentId }] }
}

class DurableConsumer implements Consuming {
  readonly #bus: Bus
  readonly #options: ConsumeOptions
  readonly #aborter = new AbortController()
  readonly #finished: Promise<void>
  #messages: ConsumerMessages | undefined

  constructor(bus: Bus, options: ConsumeOptions) {
    this.#bus = bus
    this.#options = options
    this.#finished = this.#run()
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    this.#messages?.stop()
    await this.#finished
  }

  /** The stream may come later, go, or come again without this consumer: it is then made once more. */
  async #run(): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      try {
        this.#messages = await this.#open()
        for await (const message of this.#messages) {
          await this.#bus.inFlight.track(() => this.#receive(message))
          if (this.#aborter.signal.aborted) break
        }
      } catch (error) {
        this.#report(error)
      }
      await sleep(reopenMs, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
    }
  }

  /** A stream whose owner has not started yet is no fault. */
  #report(error: unknown): void {
    const about = { consumer: this.#options.durable, stream: this.#options.stream }
    const missing = error instanceof JetStreamApiError && error.code === streamNotFound
    if (missing) this.#bus.logger.debug(about, 'the stream is not there yet')
    else this.#bus.logger.warn({ ...about, error }, 'the stream cannot be consumed yet')
  }

  async #open(): Promise<ConsumerMessages> {
    const { stream, durable, subject, ackWaitMs } = this.#options
    const manager = await jetstreamManager(this.#bus.nats, { timeout: 3_000 })
    await manager.consumers.add(stream, {
      durable_name: durable,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(ackWaitMs),
      max_deliver: -1,
      // Messages that wait to be handed out again count; beyond this, new ones wait too.
      max_ack_pending: 20_000,
    })
    const consumer = await jetstream(this.#bus.nats).consumers.get(stream, durable)
    // Few at a time: whatever this member has taken and not begun waits for it.
    return consumer.consume({ max_messages: 2, abort_on_missing_resource: true })
  }

  #receive(message: JsMsg): Promise<void> {
    const { context, links } = contextOf(message)
    return runInRequest(context, async () => {
      const startedAt = performance.now()
      const working = setInterval(() => message.working(), this.#options.ackWaitMs / 3)
      try {
        const handled = await this.#options.handle({
          subject: message.subject,
          text: () => message.string(),
          json: () => message.json<unknown>(),
        })
        this.#end({ startedAt, links })
        if (handled === 'done') message.ack()
        else message.nak(handled.againInMs)
      } catch (error) {
        const { durable: consumer } = this.#options
        const { code } = toCairnError(error)
        this.#end({ startedAt, links, error: code })
        this.#bus.incidents.open({
          code,
          route: `consumer ${consumer}`,
          error,
          message: 'an event could not be handled; it comes again',
          about: { consumer, delivery: message.info.deliveryCount },
        })
        message.nak(this.#options.retryMs)
      } finally {
        clearInterval(working)
      }
    })
  }

  #end({ startedAt, links, error }: { startedAt: number; links: readonly SpanLink[]; error?: string }): void {
    const { recorder, metrics } = this.#bus.logger
    const name = `consumer ${this.#options.durable}`
    metrics.observe('messaging.process.duration', performance.now() - startedAt, {
      subject: name,
      outcome: error ?? 'ok',
    })
    const request = currentRequest()
    const attributes = messagingAttributes('process', 'process', this.#options.subject)
    if (request !== undefined) {
      endRequestSpan(recorder, request, { name, kind: 'consumer', startedAt, error, attributes, links })
    }
  }
}

/** Begins at once, or as soon as the stream is there. Messages are handled one after the other. */
export const consume = (bus: Bus, options: ConsumeOptions): Consuming => new DurableConsumer(bus, options)
