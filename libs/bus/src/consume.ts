// A durable consumer of a stream: every message is handled at least once, by one member at a time, also those that came
// while nobody was there. A message counts as handled when its handler says so; a handler that fails gets it again later.
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream'
import { millis } from '@nats-io/nats-core'
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
import { nowAndThen } from './now-and-then.ts'
import { watchPresence } from './presence.ts'
import { isNotFound } from './stream.ts'

/** Done with it for good, or to be handed out again after so long. */
export type Handled = 'done' | { readonly againInMs: number }

export interface ConsumeOptions {
  readonly stream: string
  /** Name of the consumer, the same in every replica: they share its messages. `npm run migrate` makes it. */
  readonly durable: string
  /** What it is about, for traces. */
  readonly subject: string
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
  readonly #report = nowAndThen((error: unknown) => this.#tell(error))
  readonly #isMissing: (isMissing: boolean) => void
  #messages: ConsumerMessages | undefined
  /** A member that says nothing about a message for so long has lost it to another. */
  #ackWaitMs = 0

  constructor(bus: Bus, options: ConsumeOptions) {
    this.#bus = bus
    this.#options = options
    this.#isMissing = watchPresence(bus, { stream: options.stream, consumer: options.durable })
    this.#finished = this.#run()
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    this.#messages?.stop()
    await this.#finished
  }

  /** Stream and consumer may come later, go, and come again. */
  async #run(): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      try {
        this.#messages = await this.#open()
        // A stop in the meantime had nothing to stop yet.
        if (this.#aborter.signal.aborted) this.#messages.stop()
        for await (const message of this.#messages) {
          await this.#bus.inFlight.track(() => this.#receive(message))
          if (this.#aborter.signal.aborted) break
        }
      } catch (error) {
        if (isNotFound(error)) this.#isMissing(true)
        this.#report(error)
      }
      await sleep(reopenMs, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
    }
  }

  #tell(error: unknown): void {
    const { durable: consumer, stream } = this.#options
    const why = isNotFound(error)
      ? `the stream ${stream} or its consumer ${consumer} is missing: npm run migrate makes them`
      : 'the stream cannot be consumed yet'
    this.#bus.logger.warn({ consumer, stream, error }, why)
  }

  async #open(): Promise<ConsumerMessages> {
    const { stream, durable } = this.#options
    const consumer = await jetstream(this.#bus.nats, { timeout: 3_000 }).consumers.get(stream, durable)
    const { config } = await consumer.info(true)
    this.#isMissing(false)
    this.#ackWaitMs = millis(config.ack_wait ?? 0)
    // Few at a time: whatever this member has taken and not begun waits for it.
    return consumer.consume({ max_messages: 2, abort_on_missing_resource: true })
  }

  #receive(message: JsMsg): Promise<void> {
    const { context, links } = contextOf(message)
    return runInRequest(context, async () => {
      const startedAt = performance.now()
      const working = setInterval(() => message.working(), this.#ackWaitMs / 3)
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
