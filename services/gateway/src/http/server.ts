// The HTTP server: limits, hooks in their order, routes. No answer leaves without ids, whoever writes it.
import { CairnError } from '@cairn/contracts'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { GatewayConfig } from '../config.ts'
import type { GatewayContext } from '../context.ts'
import { neverLimited, registerAddressLimit } from '../limits/address-limit.ts'
import { requireDocumentedRoutes } from '../openapi/documented-routes.ts'
import { routes } from '../routes/index.ts'
import { Bodies } from './bodies.ts'
import { Connections } from './connections.ts'
import { answerPreflights, registerCrossOrigin } from './cross-origin.ts'
import { registerFraming } from './framing.ts'
import { registerHealthRoutes } from './health-routes.ts'
import { problemHandler, sendProblem } from './problems.ts'
import { registerReferencePages } from './reference-pages.ts'
import { registerBodyParser } from './request-body.ts'
import { registerRequestScope } from './request-scope.ts'
import { registerRoute } from './route.ts'
import { registerServerErrors } from './server-errors.ts'
import { UnroutableRequests } from './unroutable-requests.ts'
import { validatorCompiler } from './validation.ts'

const maxHeadBytes = 16_384
/** How often connections are looked at for requests that take too long to arrive. */
const slowClientCheckMs = 1_000
/** A track id of 128 code points, each four bytes in UTF-8, each byte three characters in a URL. */
const maxParamLength = 128 * 4 * 3

/** Why a request cannot be served now; undefined when it can. */
const whyNot = (request: FastifyRequest, { health }: GatewayContext, hasRoom: boolean): CairnError | undefined => {
  if (health.draining) {
    return new CairnError('unavailable', { detail: 'This server is shutting down; try again.' })
  }
  return hasRoom ? undefined : new CairnError('unavailable', { detail: 'Too many requests at once; try again.' })
}

const tooManyOfAddress = ({ routeOptions }: FastifyRequest): CairnError => {
  const detail = 'Too many requests of this address at once.'
  if (neverLimited.has(routeOptions.url)) return new CairnError('unavailable', { detail })
  return new CairnError('rate_limited', { detail, retryAfterSeconds: 1, violatedPolicies: ['in_flight'] })
}

/** Refuses what cannot be served now, before any work is done for it. */
const registerAdmission = (
  server: FastifyInstance,
  { context, connections, maxInFlight }: { context: GatewayContext; connections: Connections; maxInFlight: number },
): void => {
  server.addHook('onRequest', (request, reply, done) => {
    if (connections.isDropped(request.raw)) {
      // Its connection has its answer.
      reply.hijack()
      return
    }
    const { underWay } = connections
    if (connections.isLast(request.raw)) reply.header('connection', 'close')
    const why = whyNot(request, context, underWay.inFlight <= maxInFlight)
    if (why === undefined && !underWay.takeShare(request.raw, request.client.key)) done(tooManyOfAddress(request))
    else done(why)
  })
  // Also the answer to a request that came before: a connection that stays would hold up the stop.
  server.addHook(
    'onSend',
    (_request, reply, ...[payload, done]: [unknown, (error: null, payload: unknown) => void]) => {
      if (context.health.leaving) reply.header('connection', 'close')
      done(null, payload)
    },
  )
}

/** Builds the server; it does not listen yet. */
export const createServer = (context: GatewayContext, config: GatewayConfig): FastifyInstance => {
  const { incidents } = context
  const { maxInFlight } = config
  const connections = new Connections(context, config)
  const unroutable = new UnroutableRequests((request, response) => server.routing(request, response))
  const server = Fastify({
    bodyLimit: config.maxBodyBytes,
    requestTimeout: config.receiveTimeoutMs,
    connectionTimeout: config.idleTimeoutMs,
    keepAliveTimeout: config.idleTimeoutMs,
    http: {
      maxHeaderSize: maxHeadBytes,
      headersTimeout: config.receiveTimeoutMs,
      connectionsCheckingInterval: slowClientCheckMs,
      requireHostHeader: false,
    },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength },
    frameworkErrors: (error, request, reply) => unroutable.answer(error, request.raw, reply.raw),
    clientErrorHandler: (error, socket) => connections.unreadable(error, socket),
  })
  server.setValidatorCompiler(validatorCompiler as Parameters<FastifyInstance['setValidatorCompiler']>[0])
  server.setErrorHandler(problemHandler(incidents))
  server.setNotFoundHandler((request, reply) => sendProblem(reply, unroutable.faultOf(request.raw), incidents))
  // An expectation we do not know is ignored (RFC 9110, 10.1.1); Node's own 417 would go out without ids.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response))
  connections.watch(server.server)
  registerBodyParser(server, new Bodies(connections.underWay, config))
  registerRequestScope(server, context)
  registerServerErrors(server, context)
  registerCrossOrigin(server, config.allowedOrigins)
  registerAdmission(server, { context, connections, maxInFlight })
  registerAddressLimit(server, context)
  registerFraming(server, request => connections.faultOf(request))
  answerPreflights(server)
  registerReferencePages(server)
  requireDocumentedRoutes(server)
  registerHealthRoutes(server, context)
  server.decorateRequest('caller')
  server.decorateRequest('tokenFault')
  for (const route of Object.values(routes)) registerRoute(server, context, route)
  return server
}
