// From an owner's outbox to its stream: what goes around the relay. Replicas wake each other's relay, failures are told of now
// and then. Neither NATS nor the stream has to be there, at the start or later: rows wait meanwhile.
import { CairnError, toCairnError } from '@cairn/contracts'
import { runOutsideRequest } from '@cairn/runtime'
import type { Bus } from './connection.ts'
import { publish, publishText, subscribe } from './events.ts'
import { nowAndThen } from './now-and-then.ts'
import { watchPresence } from './presence.ts'
import { missingStream, streamPublisher } from './stream.ts'

export interface OutboxMessage {
  readonly subject: string
  readonly message_id: string
  readonly payload: string
  /** The request it was written for, as `originOf` writes it; null: for none that is known. */
  readonly origin: string | null
}

/** A message as the outbox has it since a commit just now. */
export interface CommittedMessage extends OutboxMessage {
  readonly id: number
  /** The `message_id` of what directly precedes it on its subject. */
  readonly follows: string
}

/** What the relay is given to work with; `@cairn/postgres` has one. */
export interface RelayEnds {
  /** Resolves once JetStream has stored the message. */
  readonly publish: (message: OutboxMessage) => Promise<void>
  /** What `publish` takes at most. */
  readonly publishTimeoutMs: number
  /** Whether this replica's connection is there; when it has come back the relay is woken. */
  readonly connected: () => boolean
  readonly onFailure: (error: unknown) => void
}

export interface Relay {
  /** Whether it is this replica's relay that is at work. */
  readonly active: boolean
  /** Milliseconds since it last had everything published; 0 while it has, and while another replica's is at work. */
  readonly behindMs: number
  /** `committed`: what this process has committed just now, in its order, if that is known. */
  wake(committed?: readonly CommittedMessage[]): void
  stop(): Promise<void>
}

export interface OutboxToStreamOptions {
  /** Its name. */
  readonly stream: string
  /** Longest wait for JetStream to acknowledge a message. */
  readonly publishTimeoutMs: number
  /** On which a replica that has filled the outbox wakes the one whose relay is at work. */
  readonly wakeSubject: string
  readonly startRelay: (ends: RelayEnds) => Relay
}

export interface OutboxPublisher {
  /**
   * Sends what was committed just now to whoever listens, without waiting for the relay: it may be another replica's, or
   * behind. The stream takes message and relay's copy for one.
   */
  announce(messages: readonly OutboxMessage[]): void
  /** To be called after a commit that filled the outbox; what is told of it here need not be read back in most cases. */
  outboxFilled(committed?: readonly CommittedMessage[]): void
  /** Finishes the batch under way; what is left is published by another replica or after the next start. */
  stop(): Promise<void>
}

interface Failure {
  readonly error: unknown
  readonly stream: string
  readonly isMissing: (isMissing: boolean) => void
}

const openIncident = async (bus: Bus, { error, stream, isMissing }: Failure): Promise<void> => {
  const { code } = toCairnError(error)
  const missing = await missingStream(bus, stream)
  if (missing !== undefined) isMissing(true)
  const message = `could not be published; it waits in the outbox${missing === undefined ? '' : `: ${missing}`}`
  bus.incidents.open({ code, route: `outbox ${stream}`, error, message, about: { stream } })
}

export const outboxToStream = (bus: Bus, options: OutboxToStreamOptions): OutboxPublisher => {
  const { stream } = options
  const publisher = streamPublisher(bus, options.publishTimeoutMs)
  // A replica hears that the stream is back by what it publishes itself: one that has lost its place hears nothing.
  const isMissing = watchPresence(bus, { stream }, () => relay.behindMs > 0)
  const relay = options.startRelay({
    publish: async ({ subject, message_id: id, payload, origin }) => {
      // Kept by the client until it is connected again, it would come after what another replica has published meanwhile.
      if (!bus.connected)
        throw new CairnError('unavailable', { cause: new Error('the connection to the bus was lost') })
      await publisher.publish(subject, { payload, id, origin })
      isMissing(false)
    },
    publishTimeoutMs: options.publishTimeoutMs,
    connected: () => bus.connected,
    onFailure: nowAndThen(error => void openIncident(bus, { error, stream, isMissing })),
  })
  bus.onReconnect(() => relay.wake())
  bus.logger.metrics.gauge('cairn.outbox.age', () => relay.behindMs / 1_000)
  const woken = subscribe(bus, options.wakeSubject, () => {
    if (relay.active) relay.wake()
  })
  /** What is told of later stays in the outbox: the connection may be on its way out. */
  let stopped = false
  return {
    announce: messages => {
      for (const { subject, message_id: id, payload } of messages) publishText(bus, subject, { payload, id })
    },
    // What was committed was many requests' work, and what is started by it outlives the one that happens to be here.
    outboxFilled: committed =>
      runOutsideRequest(() => {
        if (stopped) return
        if (relay.active) relay.wake(committed)
        else if (bus.connected) publish(bus, options.wakeSubject, {})
      }),
    stop: async () => {
      stopped = true
      woken.unsubscribe()
      await relay.stop()
    },
  }
}
