// The first hook of every request: where it comes from, its ids, its place in a trace, and the line in the log at the end.
import { header } from '@cairn/contracts'
import { readRequestIds, securityHeaders, type ClientAddress } from '@cairn/edge'
import {
  continueTrace,
  currentRequest,
  endRequestSpan,
  requestContext,
  runInRequest,
  type Logger,
} from '@cairn/runtime'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { GatewayContext } from '../context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    client: ClientAddress
    /** What a stranger calls the request. */
    clientRequestId: string | undefined
  }
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value)

/** Of a request whose connection ended before its answer was sent: no status of HTTP, and the same as nginx has for it. */
const unansweredStatus = 499

/** Measures and logs what became of a request; within it. `startedAt` in milliseconds of `performance.now()`. */
const tellEnd = (logger: Logger, reply: FastifyReply, startedAt: number): void => {
  const { request } = reply
  const isAnswered = reply.raw.writableFinished
  // Hijacked: the connection was answered, not this request.
  if (!isAnswered && reply.sent && !reply.raw.writableEnded) return
  const route = request.routeOptions.url ?? 'unknown'
  const given = request.clientRequestId
  const status = isAnswered ? reply.statusCode : unansweredStatus
  const elapsedMs = performance.now() - startedAt
  const about = { method: request.method, route, status, ms: Math.round(elapsedMs * 10) / 10 }
  const attributes = {
    'http.request.method': request.method,
    'http.route': route,
    'http.response.status_code': status,
  }
  logger.metrics.observe('http.server.request.duration', elapsedMs, attributes)
  const current = currentRequest()
  if (current !== undefined) {
    endRequestSpan(logger.recorder, current, {
      name: `${request.method} ${route}`,
      kind: 'server',
      startedAt,
      attributes,
      error: status >= 500 ? String(status) : undefined,
    })
  }
  const line = { ...about, ...(given === undefined ? {} : { client_request_id: given }) }
  logger.info(line, isAnswered ? 'answered' : 'not answered: the connection ended')
}

export const registerRequestScope = (server: FastifyInstance, { logger, addressOf }: GatewayContext): void => {
  server.decorateRequest('client')
  server.decorateRequest('clientRequestId', undefined)
  server.addHook('onRequest', (request, reply, done) => {
    const startedAt = performance.now()
    request.client = addressOf(request.raw)
    const { requestId, clientRequestId } = readRequestIds(request.headers, request.client)
    request.clientRequestId = clientRequestId
    const trace = continueTrace(one(request.headers[header.traceparent]), one(request.headers[header.tracestate]))
    reply.headers(securityHeaders).header(header.requestId, requestId)
    const scope = requestContext(requestId, trace)
    // Not Fastify's `onResponse`: that waits for the answer to be sent, which never is when nobody is there any more.
    reply.raw.once('close', () => runInRequest(scope, () => tellEnd(logger, reply, startedAt)))
    runInRequest(scope, done)
  })
}
