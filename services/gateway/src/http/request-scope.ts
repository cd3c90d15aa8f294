// The first hook of every request: where it comes from, its ids, its place in a trace, and the line in the log at the end.
import { header } from '@cairn/contracts'
import { readRequestIds, securityHeaders, type ClientAddress } from '@cairn/edge'
import { continueTrace, currentRequest, endRequestSpan, runInRequest } from '@cairn/runtime'
import type { FastifyInstance } from 'fastify'
import type { GatewayContext } from '../context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    client: ClientAddress
    /** What a stranger calls the request. */
    clientRequestId: string | undefined
  }
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value)

export const registerRequestScope = (server: FastifyInstance, { logger, addressOf }: GatewayContext): void => {
  server.decorateRequest('client')
  server.decorateRequest('clientRequestId', undefined)
  server.addHook('onRequest', (request, reply, done) => {
    request.client = addressOf(request.raw)
    const { requestId, clientRequestId } = readRequestIds(request.headers, request.client)
    request.clientRequestId = clientRequestId
    const trace = continueTrace(one(request.headers[header.traceparent]), one(request.headers[header.tracestate]))
    reply.headers(securityHeaders).header(header.requestId, requestId)
    runInRequest({ requestId, trace }, done)
  })
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const given = request.clientRequestId
    const about = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    }
    const current = currentRequest()
    const attributes = {
      'http.request.method': request.method,
      'http.route': route,
      'http.response.status_code': reply.statusCode,
    }
    logger.metrics.observe('http.server.request.duration', reply.elapsedTime, attributes)
    if (current !== undefined) {
      endRequestSpan(logger.recorder, current, {
        name: `${request.method} ${route}`,
        kind: 'server',
        startedAt: performance.now() - reply.elapsedTime,
        attributes,
        error: reply.statusCode >= 500 ? String(reply.statusCode) : undefined,
      })
    }
    logger.info({ ...about, ...(given === undefined ? {} : { client_request_id: given }) }, 'answered')
    done()
  })
}
