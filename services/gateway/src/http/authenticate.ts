// The access token of a request, before its query and body are looked at.
import { CairnError, type Caller } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import type { AccessClaims } from '@cairn/tokens'
import type { FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.ts'
import { timesGiven } from './framing.ts'
import type { Access } from './route.ts'

const bearerPattern = /^bearer +([^ ]+)$/i
const name = 'authorization'

/** Undefined where there is none, or none that can be one. */
const tokenOf = (request: FastifyRequest): string | undefined => {
  const given = request.headers[name]
  // Node keeps the first of several and drops the others; a proxy in front may have looked at another one.
  return given !== undefined && timesGiven(request.raw, name) === 1 ? bearerPattern.exec(given)?.[1] : undefined
}

const callerOf = ({ hashUser }: GatewayContext, { userId, sessionId }: AccessClaims): Caller => {
  const current = currentRequest()
  if (current !== undefined) current.userHash = hashUser(userId)
  return { userId, sessionId }
}

/** Who is calling, where that can be said at once: the token was seen before. Undefined says nothing. */
export const knownCaller = (context: GatewayContext, access: Access, request: FastifyRequest): Caller | undefined => {
  const token = access === 'open' ? undefined : tokenOf(request)
  const claims = token === undefined ? undefined : context.guard.verified(token)
  return claims === undefined ? undefined : callerOf(context, claims)
}

/** Who is calling, or undefined where a token is not needed and none is given. Throws `token_expired`, `token_invalid`. */
export const authenticate = async (
  context: GatewayContext,
  access: Access,
  request: FastifyRequest,
): Promise<Caller | undefined> => {
  if (access === 'open') return undefined
  const token = tokenOf(request)
  if (token === undefined) {
    if (access === 'bearer' || request.headers[name] !== undefined) throw new CairnError('token_invalid')
    return undefined
  }
  const { guard } = context
  return callerOf(context, await (access === 'ending' ? guard.verifyEnded(token) : guard.verify(token)))
}
