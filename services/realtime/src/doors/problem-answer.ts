// Every refusal as an HTTP answer: status, headers and body of a problem. A 5xx gets an incident id and is logged once.
import type { Duplex } from 'node:stream'
import { STATUS_CODES } from 'node:http'
import { errorKinds, header, problemContentType, problemOf, toCairnError, type Problem } from '@cairn/contracts'
import type { RealtimeContext } from '../context.ts'
import { handshakeRoute } from '../core/admit-connection.ts'

export interface ProblemAnswer {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Within the request that is refused. */
export const problemAnswer = (
  thrown: unknown,
  requestId: string,
  { incidents, logger }: Pick<RealtimeContext, 'incidents' | 'logger'>,
): ProblemAnswer => {
  const error = toCairnError(thrown)
  const { status } = errorKinds[error.code]
  const { code, cause, fingerprint } = error
  const failure = {
    code,
    route: `${handshakeRoute.method} ${handshakeRoute.route}`,
    error: cause ?? error,
    fingerprint,
    message: 'refused a client',
  }
  const incidentId = status >= 500 ? incidents.open(failure) : undefined
  if (incidentId !== undefined) logger.info({ ...handshakeRoute, status }, 'answered')
  const problem = problemOf(error, requestId, incidentId)
  const body = JSON.stringify(problem)
  const headers = {
    'content-type': problemContentType,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    [header.requestId]: requestId,
    ...(incidentId === undefined ? {} : { [header.incidentId]: incidentId }),
    ...(problem.retry_after === undefined ? {} : { 'retry-after': String(problem.retry_after) }),
    ...(status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}),
  }
  return { problem, headers, body }
}

/** Writes the answer where there is no response object: before an upgrade, or after bytes that are no request. */
export const endWithProblem = (
  socket: Duplex,
  { problem, headers, body }: ProblemAnswer,
  moreHeaders: Readonly<Record<string, string>>,
): void => {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const lines = Object.entries({ ...moreHeaders, ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const status = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`
  // Sockets of an HTTP server stay half open: a client that never closes its side would hold this one for ever.
  socket.once('finish', () => socket.destroy())
  socket.end([status, ...lines, '', body].join('\r\n'))
}
