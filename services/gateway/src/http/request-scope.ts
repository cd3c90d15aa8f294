// The first hook of every request: where it comes from, its ids, its place in a trace, and the line in the log at the end.
import { header, isRequestId } from '@cairn/contracts'
import type { ClientAddress } from '@cairn/edge'
import { continueTrace, currentRequest, endRequestSpan, newRequestId, runInRequest } from '@cairn/runtime'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.ts'
import { securityHeaders } from './security-headers.ts'

declare module 'fastify' {
  interface FastifyRequest {
    client: ClientAddress
  }
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value)

const givenRequestId = (request: FastifyRequest): string | undefined => {
  const given = one(request.headers[header.requestId])
  return isRequestId(given) ? given : undefined
}

/** A stranger's request id is only noted in the log: used as ours, it would let strangers mix up incidents. A trusted proxy's is ours. */
export const registerRequestScope = (server: FastifyInstance, { logger, addressOf }: GatewayContext): void => {
  server.decorateRequest('client')
  server.addHook('onRequest', (request, reply, done) => {
    request.client = addressOf(request.raw)
    const requestId = (request.client.throughProxy ? givenRequestId(request) : undefined) ?? newRequestId()
    const trace = continueTrace(one(request.headers[header.traceparent]), one(request.headers[header.tracestate]))
    reply.headers(securityHeaders).header(header.requestId, requestId)
    runInRequest({ requestId, trace }, done)
  })
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const given = request.client.throughProxy ? undefined : givenRequestId(request)
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
