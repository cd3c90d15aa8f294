// Names of the headers that cross borders. NATS headers are case-sensitive: always these spellings.

export const header = {
  requestId: 'x-request-id',
  incidentId: 'x-incident-id',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  /** Milliseconds the caller still waits; the callee stops by then. A duration, since clocks of two machines differ. */
  timeoutMs: 'x-timeout-ms',
  /** The caller's identity. Set by the gateway (and realtime for its own sockets) alone. */
  userId: 'x-cairn-user-id',
  sessionId: 'x-cairn-session-id',
  /** On a failed reply: the error's code; the payload is then a `BusFailure`. */
  errorCode: 'x-cairn-error',
  /** Beside it, on a failure of ours: the same for failures of one cause. */
  fingerprint: 'x-cairn-fingerprint',
} as const

const requestIdPattern = /^[A-Za-z0-9_-]{8,64}$/

export const isRequestId = (value: unknown): value is string =>
  typeof value === 'string' && requestIdPattern.test(value)
