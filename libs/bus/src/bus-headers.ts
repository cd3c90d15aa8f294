// Headers of a message on the bus, to and from the request context.
import type { MsgHdrs } from '@nats-io/nats-core'
import { MsgHdrsImpl } from '@nats-io/nats-core/internal'
import { header, isRequestId, type Caller } from '@cairn/contracts'
import {
  continueTrace,
  currentRequest,
  idsOfOrigin,
  newRequestId,
  requestContext,
  traceparentOf,
  type RequestContext,
  type Span,
} from '@cairn/runtime'

/**
 * Of what is sent. The library's TextEncoder makes an ArrayBuffer of its own for each text, which costs ten times as much as a place
 * in Node's pool.
 */
export const utf8 = (text: string): Uint8Array => Buffer.from(text)

/** By which JetStream knows a message it has stored already. */
export const messageIdHeader = 'Nats-Msg-Id'

/**
 * The library compares names letter by letter, in lists made anew for each look: a microsecond for each header of each message. Ours
 * are constants, spelt the same on both sides.
 */
class BusHeaders extends MsgHdrsImpl {
  override set(name: string, value: string): void {
    this.headers.set(name, [MsgHdrsImpl.validHeaderValue(value)])
  }

  override encode(): Uint8Array {
    return utf8(this.toString())
  }
}

/** Headers for a message sent on behalf of the current request, or of none; as part of `span`, where the message has one. */
export const outgoingHeaders = (span?: Span): MsgHdrs => {
  const carried = new BusHeaders()
  const request = currentRequest()
  if (request === undefined) return carried
  carried.set(header.requestId, request.requestId)
  carried.set(
    header.traceparent,
    traceparentOf(span === undefined ? request.trace : { ...request.trace, spanId: span.spanId }),
  )
  if (request.trace.state !== undefined) carried.set(header.tracestate, request.trace.state)
  return carried
}

/** For a message sent on behalf of a request that was written down (`originOf`), or of none. */
export const headersOfOrigin = (origin: string | null): MsgHdrs => {
  const carried = new BusHeaders()
  if (origin === null) return carried
  const { requestId, traceparent, tracestate } = idsOfOrigin(origin)
  carried.set(header.requestId, requestId)
  if (traceparent !== '') carried.set(header.traceparent, traceparent)
  if (tracestate !== '') carried.set(header.tracestate, tracestate)
  return carried
}

/** Undefined where it is absent or empty. */
export const headerOf = (carried: MsgHdrs | undefined, name: string): string | undefined =>
  (carried as MsgHdrsImpl | undefined)?.headers.get(name)?.[0] || undefined

/** The context a received message belongs to; ids that are absent or malformed are made anew. */
export const incomingRequest = (carried: MsgHdrs | undefined): RequestContext => {
  const requestId = headerOf(carried, header.requestId)
  const trace = continueTrace(headerOf(carried, header.traceparent), headerOf(carried, header.tracestate))
  return requestContext(isRequestId(requestId) ? requestId : newRequestId(), trace)
}

export const setCaller = (carried: MsgHdrs, caller: Caller): void => {
  carried.set(header.userId, caller.userId)
  carried.set(header.sessionId, caller.sessionId)
}

export const callerOf = (carried: MsgHdrs | undefined): Caller | undefined => {
  const userId = headerOf(carried, header.userId)
  const sessionId = headerOf(carried, header.sessionId)
  return userId === undefined || sessionId === undefined ? undefined : { userId, sessionId }
}

/** Milliseconds the sender still waits, if it said so. */
export const timeoutOf = (carried: MsgHdrs | undefined): number | undefined => {
  const text = headerOf(carried, header.timeoutMs)
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined
}
