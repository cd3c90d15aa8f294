// The limit of every request whatsoever: that of its address, asked first of all. What is left of this and of every other limit is
// told in the answer's headers, whatever that answer is.
import { callbackify } from 'node:util'
import type { CairnError } from '@cairn/contracts'
import { limitHeaders, refusalOf, type Verdict } from '@cairn/edge'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route waits itself for the count of the address, with what else it counts. */
    readonly countsAddressItself?: boolean
  }
  interface FastifyRequest {
    /** What the address' limit says, which is asked first of all. */
    addressCount: Promise<Verdict> | undefined
    /** Of every limit this request was counted by so far; undefined before the first. */
    verdicts: Verdict[] | undefined
  }
}

/** Load balancers ask again when they are refused, and then take the gateway for broken. */
export const neverLimited: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz'])

/** Notes what is left, for the answer's headers; `rate_limited` when it is too much. */
export const note = (request: FastifyRequest, verdict: Verdict): CairnError | undefined => {
  if (request.verdicts === undefined) request.verdicts = [verdict]
  else request.verdicts.push(verdict)
  return refusalOf([verdict])
}

/** Throws `rate_limited` when the verdict is that it is too much. */
export const count = (request: FastifyRequest, verdict: Verdict): void => {
  const refusal = note(request, verdict)
  if (refusal !== undefined) throw refusal
}

/** Of a route's configuration. */
export const countsAddressItself = { countsAddressItself: true } as const

/** Every request whatsoever counts for its address; what is left of every limit is told when the answer leaves. */
export const registerAddressLimit = (server: FastifyInstance, { limits }: GatewayContext): void => {
  server.decorateRequest('verdicts')
  server.decorateRequest('addressCount')
  const whenCounted = callbackify(async (request: FastifyRequest, counted: Promise<Verdict>) =>
    count(request, await counted),
  )
  // With callbacks: they run for every request, and a promise each would cost more than what they do.
  server.addHook('onRequest', (request, _reply, done) => {
    const { url, config } = request.routeOptions
    if (neverLimited.has(url)) {
      done()
      return
    }
    request.addressCount = limits.address.consume(request.client.key)
    if (config.countsAddressItself === true) done()
    else whenCounted(request, request.addressCount, done)
  })
  server.addHook('onSend', (request, reply, ...[payload, done]: [unknown, (error: null, payload: unknown) => void]) => {
    if (request.verdicts !== undefined) reply.headers({ ...limitHeaders(request.verdicts) })
    done(null, payload)
  })
}
