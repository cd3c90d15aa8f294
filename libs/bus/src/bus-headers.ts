// Headers of a message on the bus, to and from the request context. NATS answers '' for a header that is absent.
import { headers as createHeaders, type MsgHdrs } from '@nats-io/nats-core'
import { header, isRequestId, type Caller } from '@cairn/contracts'
import {
  continueTrace,
  currentRequest,
  newRequestId,
  traceparentOf,
  type RequestContext,
  type Span,
} from '@cairn/runtime'

/** By which JetStream knows a message it has stored already. */
export const messageIdHeader = 'Nats-Msg-Id'

/** Headers for a message sent on behalf of the current request, or of none; as part of `span`, where the message has one. */
export const outgoingHeaders = (span?: Span): MsgHdrs => {
  const carried = createHeaders()
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

const valueOf = (carried: MsgHdrs | undefined, name: string): string | undefined => carried?.get(name) || undefined

/** The context a received message belongs to; ids that are absent or malformed are made anew. */
export const incomingRequest = (carried: MsgHdrs | undefined): RequestContext => {
  const requestId = valueOf(carried, header.requestId)
  return {
    requestId: isRequestId(requestId) ? requestId : newRequestId(),
    trace: continueTrace(valueOf(carried, header.traceparent), valueOf(carried, header.tracestate)),
  }
}

export const setCaller = (carried: MsgHdrs, caller: Caller): void => {
  carried.set(header.userId, caller.userId)
  carried.set(header.sessionId, caller.sessionId)
}

export const callerOf = (carried: MsgHdrs | undefined): Caller | undefined => {
  const userId = valueOf(carried, header.userId)
  const sessionId = valueOf(carried, header.sessionId)
  return userId === undefined || sessionId === undefined ? undefined : { userId, sessionId }
}

/** Milliseconds the sender still waits, if it said so. */
export const timeoutOf = (carried: MsgHdrs | undefined): number | undefined => {
  const text = valueOf(carried, header.timeoutMs)
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined
}
