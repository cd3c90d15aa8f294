// How an HTTP route becomes one bus request. A route is data; this file is the only place that acts on it.
import { toCairnError, type Caller, type Operation, type ReplyOf, type RequestOf } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { GatewayContext } from '../context.ts'
import { TierLimits } from '../limits/enforce-limits.ts'
import { tiers, type TierName } from '../limits/tiers.ts'
import { authenticate } from './authenticate.ts'
import type { Question } from './owners.ts'

/**
 * `open`: no token is looked at. `optional`: one may be given and must then be good. `ending`: the same, but that its
 * session may have ended. `bearer`: required.
 */
export type Access = 'open' | 'optional' | 'ending' | 'bearer'

export interface Route<O extends Operation = Operation> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below the base path `/api/v1`, unless it starts with `/.well-known`. */
  readonly path: string
  readonly access: Access
  /** What it is counted by. */
  readonly tier: TierName
  readonly operation: O
  readonly body?: TSchema
  /** Whether a request without a body counts as one with `{}`. */
  readonly bodyOptional?: boolean
  readonly query?: TSchema
  /** The bus payload of a request whose body and query have passed their schemas. */
  readonly payload: (request: FastifyRequest) => RequestOf<O>
  /** Headers of the answer, e.g. how long it may be cached; `no-store` when left out. */
  readonly cacheControl?: string
  /** Status of an answer without a body; left out, the reply is the body of a 200. */
  readonly success?: 204
  /** What HTTP makes of the owner's reply: status, headers and body; undefined for none. */
  readonly answer?: (reply: ReplyOf<O>, http: FastifyReply) => object | undefined
  /** What this process knows of the reply itself, for while the owner is away; undefined when it knows nothing. */
  readonly whileAway?: (context: GatewayContext) => ReplyOf<O> | undefined
  /** The reply goes out as it is, without `request_id`: for formats that others define. */
  readonly bare?: boolean
}

/** Keeps the operation's types while making it one entry of the list. */
export const defineRoute = <O extends Operation>(route: Route<O>): Route => route

const basePath = '/api/v1'

const askOwner = async (
  context: GatewayContext,
  { operation, whileAway }: Route,
  question: Question<Operation>,
): Promise<ReplyOf<Operation>> => {
  try {
    return await context.ask(operation, question)
  } catch (error) {
    const known = toCairnError(error).code === 'unavailable' ? whileAway?.(context) : undefined
    if (known === undefined) throw error
    return known
  }
}

/** Adds the route: token, then query and body, then one request to the owner. */
export const registerRoute = (server: FastifyInstance, context: GatewayContext, route: Route): void => {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const tier = new TierLimits(tiers[route.tier], context.limits)
  server.route({
    method: route.method,
    url: route.path.startsWith('/.well-known') ? route.path : `${basePath}${route.path}`,
    schema: {
      ...(route.body === undefined ? {} : { body: route.body }),
      ...(route.query === undefined ? {} : { querystring: route.query }),
    },
    onRequest: async (request, reply) => {
      await tier.beforeToken(request, reply)
      const caller = await authenticate(context, route.access, request)
      if (caller === undefined) return
      callers.set(request, caller)
      await tier.afterToken(request, reply, caller.userId)
    },
    preValidation: async request => {
      if (route.bodyOptional === true) request.body ??= {}
    },
    ...(tier.countsFailures ? { onSend: async (request, reply) => tier.afterAnswer(request, reply) } : {}),
    handler: async (request, reply) => {
      const caller = callers.get(request)
      await tier.beforeOwner(request, reply, caller?.userId)
      const answered = await askOwner(context, route, { payload: route.payload(request), caller })
      await tier.afterSuccess(request)
      reply.header('cache-control', route.cacheControl ?? 'no-store')
      if (route.success !== undefined) return reply.code(route.success).send()
      const answer = route.answer === undefined ? (answered as object) : route.answer(answered, reply)
      if (answer === undefined) return reply.send()
      return route.bare === true ? answer : { ...answer, request_id: currentRequest()?.requestId }
    },
  })
}
