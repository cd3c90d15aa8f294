// The first hook of every request: its ids, its place in a trace, the header that says so, and the line in the log at the end.
import { header, isRequestId } from '@cairn/contracts'
import { continueTrace, currentRequest, endRequestSpan, newRequestId, runInRequest, type Logger } from '@cairn/runtime'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value)

const clientRequestId = (request: FastifyRequest): { client_request_id?: string } => {
  const given = one(request.headers[header.requestId])
  return isRequestId(given) ? { client_request_id: given } : {}
}

/** A client's own request id is only noted in the log: used as ours, it would let strangers mix up incidents. */
export const registerRequestScope = (server: FastifyInstance, logger: Logger): void => {
  server.addHook('onRequest', (request, reply, done) => {
    const requestId = newRequestId()
    const trace = continueTrace(one(request.headers[header.traceparent]), one(request.headers[header.tracestate]))
    reply.header(header.requestId, requestId)
    runInRequest({ requestId, trace }, done)
  })
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const about = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    }
    const current = currentRequest()
    if (current !== undefined) {
      endRequestSpan(logger.recorder, current, {
        name: `${request.method} ${route}`,
        kind: 'server',
        startedAt: performance.now() - reply.elapsedTime,
        error: reply.statusCode >= 500 ? String(reply.statusCode) : undefined,
      })
    }
    logger.info({ ...about, ...clientRequestId(request) }, 'answered')
    done()
  })
}
