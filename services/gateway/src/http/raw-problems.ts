// Answers to what never became a request (malformed HTTP, too large a head, too slow, a connection too many): written to the
// socket by hand, with the ids that every answer has.
import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { CairnError, errorKinds, header, problemContentType, problemOf, type ErrorCode } from '@cairn/contracts'
import { newRequestId } from '@cairn/runtime'
import type { GatewayContext } from '../context.ts'
import { securityHeaders } from './security-headers.ts'

type Told = Pick<GatewayContext, 'logger' | 'incidents'>

const codeOf = (nodeCode: string | undefined): ErrorCode => {
  if (nodeCode === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return nodeCode === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request'
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

/** The whole answer; the connection ends with it. */
const rawAnswer = (error: CairnError, requestId: string, incidentId: string | undefined): string => {
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

const endWith = (socket: Duplex, error: CairnError, incidentId?: string): string => {
  const requestId = newRequestId()
  socket.end(rawAnswer(error, requestId, incidentId))
  setTimeout(() => socket.destroy(), lingerMs).unref()
  return requestId
}

/** Fastify's `clientErrorHandler`. The connection cannot be used any more afterwards. */
export const rawProblemHandler =
  ({ logger }: Told) =>
  (error: Error & { code?: string }, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const code = codeOf(error.code)
    const requestId = endWith(socket, new CairnError(code))
    logger.info({ request_id: requestId, status: errorKinds[code].status, parser: error.code }, 'unreadable request')
  }

/** Refuses connections beyond `mostConnections`, and tunnels, which Node would close without a word. */
export const answerOutsideRequests = (server: Server, { incidents }: Told, mostConnections: number): void => {
  let open = 0
  server.on('connection', socket => {
    open += 1
    socket.once('close', () => {
      open -= 1
    })
    if (open <= mostConnections) return
    const error = new CairnError('unavailable', { detail: 'Too many connections; try again.' })
    endWith(socket, error, incidents.open({ code: error.code, route: 'connection', error, message: 'refused' }))
  })
  server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    endWith(socket, new CairnError('not_found'))
  })
}
