// Web pages of listed origins may use the API from a browser; nobody else's. Tokens go in a header and there are no cookies, so
// credentials are never allowed. What is listed here is compared with what the API uses by a test.
import cors from '@fastify/cors'
import { header } from '@cairn/contracts'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** The library's mark on a preflight of a listed origin. */
    corsPreflightEnabled: boolean
  }
}

export const corsMethods = ['GET', 'POST', 'DELETE'] as const
export const corsRequestHeaders = [
  'authorization',
  'content-type',
  'if-none-match',
  header.requestId,
  header.traceparent,
  header.tracestate,
] as const
export const corsExposedHeaders = [
  'etag',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  header.incidentId,
  header.requestId,
] as const

const preflightSeconds = 600

/** Before every hook that may refuse, so that a page can read the refusal. */
export const registerCrossOrigin = (server: FastifyInstance, allowedOrigins: readonly string[]): void => {
  const allowed = new Set(allowedOrigins)
  server.register(cors, {
    // A function, since a list would still tell a stranger's preflight which methods there are.
    origin: (origin, decide) => decide(null, origin !== undefined && allowed.has(origin)),
    methods: [...corsMethods],
    allowedHeaders: [...corsRequestHeaders],
    exposedHeaders: [...corsExposedHeaders],
    maxAge: preflightSeconds,
    // Without it, an incomplete preflight would be answered in plain text.
    strictPreflight: false,
    // Left to the library, preflights would be answered before anything could refuse them.
    preflightContinue: true,
  })
}

/** After every hook that may refuse: a preflight is a request like others. */
export const answerPreflights = (server: FastifyInstance): void => {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.corsPreflightEnabled) reply.code(204).header('content-length', '0').send()
    else done()
  })
}
