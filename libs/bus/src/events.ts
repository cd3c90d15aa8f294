// Core events: fire and forget, seen by whoever listens now. What must not be lost goes through JetStream (stream.ts).
import { runInRequest } from '@cairn/runtime'
import { incomingRequest, messageIdHeader, outgoingHeaders, utf8 } from './bus-headers.ts'
import type { Bus } from './connection.ts'

export interface EventMessage {
  readonly subject: string
  /** The payload as it came over the wire, UTF-8 JSON. */
  readonly text: () => string
  readonly json: () => unknown
}

export interface Subscription {
  unsubscribe(): void
}

/** Publishes an event; `payload` is sent as JSON. Throws only when the connection is closed for good. */
export const publish = (bus: Bus, subject: string, payload: unknown): void => {
  bus.nats.publish(subject, utf8(JSON.stringify(payload)), { headers: outgoingHeaders() })
}

/** Publishes a payload that is text already; a stream that takes it counts messages of one id as one. */
export const publishText = (bus: Bus, subject: string, { payload, id }: { payload: string; id: string }): void => {
  const headers = outgoingHeaders()
  headers.set(messageIdHeader, id)
  bus.nats.publish(subject, utf8(payload), { headers })
}

/** Calls `listener` for each event on a subject (wildcards allowed), within the context the event carries. It must not throw. */
export const subscribe = (bus: Bus, subject: string, listener: (message: EventMessage) => void): Subscription => {
  const subscription = bus.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) {
        bus.logger.error({ error, subject }, 'subscription failed')
        return
      }
      const event = { subject: message.subject, text: () => message.string(), json: () => message.json<unknown>() }
      runInRequest(incomingRequest(message.headers), () => listener(event))
    },
  })
  return { unsubscribe: () => bus.unsubscribe(subscription) }
}
