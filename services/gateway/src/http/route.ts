// How an HTTP route becomes one bus request. A route is data; this file is the only place that acts on it.
import {
  RequestId,
  toCairnError,
  type Caller,
  type ErrorCode,
  type Operation,
  type ReplyOf,
  type RequestOf,
} from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type, type TObject, type TSchema } from 'typebox'
import type { GatewayContext } from '../context.ts'
import { countsAddressItself } from '../limits/address-limit.ts'
import { TierLimits } from '../limits/tier-limits.ts'
import { tiers, type TierName } from '../limits/tiers.ts'
import { authenticate, knownCaller } from './authenticate.ts'
import type { Question } from './owners.ts'
import { sendProblem } from './problems.ts'
import { refuseCoded } from './request-body.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, as the access token says. */
    caller: Caller | undefined
    /** What is wrong with the token of a request whose body may say as well who asks. */
    tokenFault: Error | undefined
  }
}

/**
 * `open`: no token is looked at. `optional`: one may be given and must then be good. `ending`: the same, but that its
 * session may have ended. `bearer`: required.
 */
export type Access = 'open' | 'optional' | 'ending' | 'bearer'

export interface Route<O extends Operation = Operation> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below the base path `/api/v1`, unless it starts with `/.well-known`. */
  readonly path: string
  /** What `openapi.yaml` says of it, in full sentences. */
  readonly about: { readonly tag: string; readonly summary: string; readonly description: string }
  /** Codes that its owner refuses with, besides those that every route of its kind may answer. */
  readonly refusals?: readonly ErrorCode[]
  readonly access: Access
  /** Whether the body says as well who asks: a token beside it may then be good for nothing. */
  readonly namedInBody?: (request: FastifyRequest) => boolean
  /** What it is counted by. */
  readonly tier: TierName
  readonly operation: O
  readonly body?: TSchema
  /** Whether a request without a body counts as one with `{}`. */
  readonly bodyOptional?: boolean
  readonly query?: TSchema
  /** Of the names in `path`. */
  readonly params?: TSchema
  /** The bus payload of a request whose body and query have passed their schemas. */
  readonly payload: (request: FastifyRequest) => RequestOf<O>
  /** Headers of the answer, e.g. how long it may be cached; `no-store` when left out. */
  readonly cacheControl?: string
  /** The body of a 200, where it is not the owner's reply as it is. */
  readonly answered?: TSchema
  /** It answers with an `ETag`, and 304 to whoever knows it. */
  readonly entityTag?: true
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

export const urlOf = ({ path }: Route): string => (path.startsWith('/.well-known') ? path : `${basePath}${path}`)

/** The body of a 200: what is in it leaves, and nothing else. Undefined where there is none. */
export const answerSchema = (route: Route): TSchema | undefined => {
  if (route.success !== undefined) return undefined
  const reply = route.answered ?? route.operation.reply
  return route.bare === true ? reply : Type.Object({ ...(reply as TObject).properties, request_id: RequestId })
}

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

/** What is left of each limit that the request was counted by. A list: as a field's name, `nonce` is that of a secret. */
const leftOf = ({ verdicts = [] }: FastifyRequest): object[] =>
  verdicts.map(({ policy, remaining }) => ({ policy: policy.name, remaining }))

const emptyBody = async (request: FastifyRequest): Promise<void> => {
  request.body ??= {}
}

/** Adds the route: token, then query and body, then one request to the owner. */
export const registerRoute = (server: FastifyInstance, context: GatewayContext, route: Route): void => {
  const schema = answerSchema(route)
  const tier = new TierLimits(tiers[route.tier], context.limits)
  server.route({
    method: route.method,
    url: urlOf(route),
    config: countsAddressItself,
    schema: {
      ...(route.body === undefined ? {} : { body: route.body }),
      ...(route.query === undefined ? {} : { querystring: route.query }),
      ...(schema === undefined ? {} : { response: { 200: schema } }),
    },
    onRequest: async request => {
      const known = tier.countsFailures ? undefined : knownCaller(context, route.access, request)
      if (known !== undefined) {
        request.caller = known
        await tier.together(request, known.userId)
        return
      }
      await tier.beforeToken(request)
      request.caller = await authenticate(context, route.access, request).catch((error: unknown) => {
        if (route.namedInBody === undefined) throw error
        request.tokenFault = toCairnError(error)
        return undefined
      })
      if (request.caller !== undefined) await tier.afterToken(request, request.caller.userId)
    },
    // A GET's body is never looked at.
    ...(route.method === 'GET' ? {} : { preParsing: refuseCoded }),
    ...(route.bodyOptional === true ? { preValidation: emptyBody } : {}),
    // Fastify waits for it, whatever its types say.
    errorHandler: (error, request, reply): unknown =>
      tier.afterError(request, error).then(answered => sendProblem(reply, answered, context.incidents)),
    handler: async (request, reply) => {
      const { caller, tokenFault } = request
      if (tokenFault !== undefined && route.namedInBody?.(request) !== true) throw tokenFault
      const question = { payload: route.payload(request), caller }
      context.logger.note(
        { operation: route.operation.subject, left: leftOf(request), body_bytes: request.headers['content-length'] },
        'asks the owner',
      )
      const answered = await tier.ask(request, caller?.userId, () => askOwner(context, route, question))
      reply.header('cache-control', route.cacheControl ?? 'no-store')
      if (route.success !== undefined) return reply.code(route.success).send()
      const answer = route.answer === undefined ? (answered as object) : route.answer(answered, reply)
      if (answer === undefined) return reply.send()
      return route.bare === true ? answer : { ...answer, request_id: currentRequest()?.requestId }
    },
  })
}
