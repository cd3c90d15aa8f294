// The access token of a request, before its query and body are looked at.
import { CairnError, type Caller } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import type { FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.ts'
import type { Access } from './route.ts'

const bearerPattern = /^bearer +([^ ]+)$/i

const tokenOf = (request: FastifyRequest): string | undefined => {
  // Node keeps the first of several and drops the others; a proxy in front may have looked at another one.
  const [given, ...others] = request.raw.headersDistinct['authorization'] ?? []
  if (given === undefined) return undefined
  if (others.length > 0) throw new CairnError('token_invalid')
  const token = bearerPattern.exec(given)?.[1]
  if (token === undefined) throw new CairnError('token_invalid')
  return token
}

/** Who is calling, or undefined where a token is not needed and none is given. Throws `token_expired`, `token_invalid`. */
export const authenticate = async (
  { guard, hashUser }: GatewayContext,
  access: Access,
  request: FastifyRequest,
): Promise<Caller | undefined> => {
  if (access === 'open') return undefined
  const token = tokenOf(request)
  if (token === undefined) {
    if (access === 'bearer') throw new CairnError('token_invalid')
    return undefined
  }
  const { userId, sessionId } = await (access === 'ending' ? guard.verifyEnded(token) : guard.verify(token))
  const current = currentRequest()
  if (current !== undefined) current.userHash = hashUser(userId)
  return { userId, sessionId }
}
