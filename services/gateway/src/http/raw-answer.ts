// Answers written to a connection by hand, where nothing became a request: with the ids that every answer has, and the end of it.
import type { Duplex } from 'node:stream'
import { errorKinds, header, problemContentType, problemOf, type CairnError } from '@cairn/contracts'
import { securityHeaders } from '@cairn/edge'

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

export interface RawAnswer {
  readonly error: CairnError
  readonly requestId: string
  readonly incidentId?: string
}

/** The whole answer; the connection ends with it. */
const rawAnswer = ({ error, requestId, incidentId }: RawAnswer): string => {
  const { status } = errorKinds[error.code]
  const body = JSON.stringify(problemOf(error, requestId, incidentId))
  const headers: Record<string, string | number> = {
    'content-type': problemContentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
    [header.requestId]: requestId,
    ...(incidentId === undefined ? {} : { [header.incidentId]: incidentId }),
    ...(error.retryAfterSeconds === undefined ? {} : { 'retry-after': error.retryAfterSeconds }),
    ...securityHeaders,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}`, ...lines, '', body].join('\r\n')
}

/** What is left of a client that does not take its answer. */
const lingerMs = 1_000

/** Closed at once, the connection could lose its last answer: what its client still sends is read for a moment, and dropped. */
export const lingerThenClose = (socket: Duplex): void => {
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

export const endWith = (socket: Duplex, answer: RawAnswer): void => {
  socket.end(rawAnswer(answer))
  lingerThenClose(socket)
}
