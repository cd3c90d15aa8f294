// The limits of one tier in the life of a request: by address first, by user once the token is known, by what the body claims once it
// is read; and by how it failed.
import { CairnError, errorKinds, toCairnError } from '@cairn/contracts'
import type { Reservation } from '@cairn/edge'
import type { FastifyRequest } from 'fastify'
import { toPublicError } from '../http/problems.ts'
import { count, note } from './address-limit.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import type { Tier } from './tiers.ts'

const isRefusal = (status: number): boolean => status === 401 || status === 403
const isOwnersFault = (error: unknown): boolean => errorKinds[toCairnError(error).code].status >= 500

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
    const { user } = this.#tier
    const byUser = user === undefined ? undefined : this.#limits[user].consume(userId)
    await this.#countAddress(request)
    if (byUser !== undefined) count(request, await byUser)
  }

  /** Nothing is known but the address. */
  async beforeToken(request: FastifyRequest): Promise<void> {
    await this.#countAddress(request)
    const { key } = request.client
    if (this.countsFailures) {
      const verdict = await this.#limits.failures.peek(key)
      if (!verdict.allowed) count(request, verdict)
    }
    if (this.#tier.address !== undefined) count(request, await this.#limits[this.#tier.address].consume(key))
  }

  /** The user is known, the body not yet read. */
  async afterToken(request: FastifyRequest, userId: string): Promise<void> {
    const { user } = this.#tier
    if (user !== undefined) count(request, await this.#limits[user].consume(userId))
  }

  /** The body is as it should be: asks the owner, within what it claims. */
  async ask<T>(request: FastifyRequest, userId: string | undefined, question: () => Promise<T>): Promise<T> {
    const reservation = await this.#reserve(request, userId)
    if (reservation === undefined) return question()
    let isKept = true
    try {
      return await question()
    } catch (error) {
      isKept = this.#tier.claim?.confirmedByOwner !== true && !isOwnersFault(error)
      if (!isKept) request.verdicts = request.verdicts?.filter(verdict => verdict !== reservation.verdict)
      throw error
    } finally {
      await reservation.settle(isKept)
    }
  }

  /** What to answer to a request that failed: `error`, or that there were too many such. */
  async afterError(request: FastifyRequest, error: unknown): Promise<unknown> {
    const { status } = errorKinds[toPublicError(error).code]
    if (this.countsFailures && isRefusal(status)) {
      // Counted now, not before: phones behind one carrier's address that refresh at once are no failures. Of those that are, no
      // more are told apart from each other than the limit says, however many are under way.
      return note(request, await this.#limits.failures.consume(request.client.key)) ?? error
    }
    const { unreadable } = this.#tier
    const isUnreadable = !(error instanceof CairnError) && status < 500
    if (unreadable === undefined || !isUnreadable || request.caller === undefined) return error
    return note(request, await this.#limits[unreadable].consume(request.caller.userId)) ?? error
  }

  async #countAddress(request: FastifyRequest): Promise<void> {
    if (request.addressCount !== undefined) count(request, await request.addressCount)
  }

  async #reserve(request: FastifyRequest, userId: string | undefined): Promise<Reservation | undefined> {
    const { claim } = this.#tier
    const key = claim?.keyOf(request.body, userId)
    if (claim === undefined || key === undefined) return undefined
    const reservation = await this.#limits[claim.limit].reserve(key, claim.costOf?.(request.body))
    const { verdict } = reservation
    // What somebody else has left is nobody's business.
    if (claim.confirmedByOwner !== true || !verdict.allowed) count(request, verdict)
    return reservation
  }
}
