// Limits in the life of a request: by address first, by user once the token is known, by what the body costs once it is read.
// What is left is told in the answer's headers, whatever that answer is.
import { callbackify } from 'node:util'
import { limitHeaders, refusalOf, type Verdict } from '@cairn/edge'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.ts'
import type { GatewayLimits, LimitName } from './gateway-limits.ts'
import type { Tier } from './tiers.ts'

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
const neverLimited: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz'])

/** Throws `rate_limited` when the verdict is that it is too much. */
const count = (request: FastifyRequest, verdict: Verdict): void => {
  if (request.verdicts === undefined) request.verdicts = [verdict]
  else request.verdicts.push(verdict)
  const refusal = refusalOf([verdict])
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

const isRefusal = (status: number): boolean => status === 401 || status === 403

/** The limits of one tier, at the points of a request's life where something new is known of it. */
export class TierLimits {
  readonly #tier: Tier
  readonly #limits: GatewayLimits

  constructor(tier: Tier, limits: GatewayLimits) {
    this.#tier = tier
    this.#limits = limits
  }

  get countsFailures(): boolean {
    return this.#tier.countsFailures === true
  }

  /** Who asks is known at once: address and user are counted in one go. */
  async together(request: FastifyRequest, userId: string): Promise<void> {
    const { user, cost } = this.#tier
    const byUser = user === undefined || cost !== undefined ? undefined : this.#limits[user].consume(userId)
    await this.#countAddress(request)
    if (byUser !== undefined) count(request, await byUser)
  }

  /** Nothing is known but the address. */
  async beforeToken(request: FastifyRequest): Promise<void> {
    await this.#countAddress(request)
    const { key } = request.client
    if (this.countsFailures) await this.#lookAt(request, 'failures', key)
    if (this.#tier.address !== undefined) count(request, await this.#limits[this.#tier.address].consume(key))
  }

  /** The user is known, the body not yet read. */
  async afterToken(request: FastifyRequest, userId: string): Promise<void> {
    const { user, cost } = this.#tier
    if (user === undefined || cost !== undefined) return
    count(request, await this.#limits[user].consume(userId))
  }

  /** The body is as it should be. */
  async beforeOwner(request: FastifyRequest, userId: string | undefined): Promise<void> {
    const { user, cost, claimed } = this.#tier
    if (user !== undefined && cost !== undefined && userId !== undefined) {
      count(request, await this.#limits[user].consume(userId, cost(request.body)))
    }
    const name = claimed?.keyOf(request.body)
    if (claimed !== undefined && name !== undefined) await this.#lookAt(request, claimed.limit, name)
  }

  /** The owner has done what it was asked. */
  async afterSuccess(request: FastifyRequest): Promise<void> {
    const { claimed } = this.#tier
    const name = claimed?.keyOf(request.body)
    if (claimed !== undefined && name !== undefined) await this.#limits[claimed.limit].consume(name)
  }

  /** The answer is on its way. */
  async afterAnswer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.countsFailures && isRefusal(reply.statusCode)) await this.#limits.failures.consume(request.client.key)
  }

  async #countAddress(request: FastifyRequest): Promise<void> {
    if (request.addressCount !== undefined) count(request, await request.addressCount)
  }

  async #lookAt(request: FastifyRequest, limit: LimitName, key: string): Promise<void> {
    const verdict = await this.#limits[limit].peek(key)
    if (!verdict.allowed) count(request, verdict)
  }
}
