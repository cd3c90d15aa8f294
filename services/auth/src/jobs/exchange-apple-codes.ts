// Exchanges authorization codes for Apple's refresh tokens, which only deleting an account will need. It runs beside sign-in,
// never within it: a code is kept by the transaction of the login and tried until Apple answers or the code is too old.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@cairn/runtime'
import type pg from 'pg'
import { mintClientSecret, type AppleCredentials } from '../apple/client-secret.ts'
import { exchangeCode } from '../apple/exchange-code.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import {
  claimAppleCodes,
  keepAppleCode,
  settleAppleCode,
  type AppleGrantKey,
  type ClaimedCode,
} from '../store/apple-codes.ts'
import type { Queryable } from '../store/queryable.ts'

export interface AppleCodesOptions {
  readonly pool: pg.Pool
  readonly logger: Logger
  readonly sealingKey: Buffer
  /** Undefined: codes are kept until they are too old, and not exchanged. */
  readonly credentials: AppleCredentials | undefined
  readonly tokenUrl: string
  readonly timeoutMs: number
  readonly pollMs: number
}

/** Apple's own: a code counts for five minutes. */
const codeLifetimeSeconds = 300
const atOnce = 8

const boundTo = ({ userId, clientId }: AppleGrantKey, what: 'code' | 'refresh token'): string =>
  `${what} of ${userId} for ${clientId}`

export class AppleCodes {
  readonly #options: AppleCodesOptions
  readonly #aborter = new AbortController()
  readonly #finished: Promise<void>
  #wake: (() => void) | undefined

  constructor(options: AppleCodesOptions) {
    this.#options = options
    this.#finished = options.credentials === undefined ? Promise.resolve() : this.#run(options.credentials)
  }

  /** Keeps a code within the login's transaction. */
  async keep(database: Queryable, key: AppleGrantKey, code: string): Promise<void> {
    const sealed = seal(this.#options.sealingKey, code, boundTo(key, 'code'))
    await keepAppleCode(database, key, { sealed, lifetimeSeconds: codeLifetimeSeconds })
  }

  /** Call after the commit that kept one. */
  kept(): void {
    this.#wake?.()
  }

  /** Finishes the exchanges under way; others are made by another replica or after the next start. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    this.#wake?.()
    await this.#finished
  }

  async #run(credentials: AppleCredentials): Promise<void> {
    const { pool, logger, timeoutMs } = this.#options
    while (!this.#aborter.signal.aborted) {
      let claimed = 0
      try {
        const codes = await claimAppleCodes(pool, { limit: atOnce, leaseSeconds: Math.ceil(timeoutMs / 1_000) })
        claimed = codes.length
        await Promise.all(codes.map(code => this.#exchange(credentials, code)))
      } catch (error) {
        logger.warn({ error }, 'could not look for authorization codes')
      }
      if (claimed < atOnce) await this.#idle()
    }
  }

  /** A failure is logged; the code's next attempt is in the database already. */
  async #exchange(credentials: AppleCredentials, claimed: ClaimedCode): Promise<void> {
    const { pool, logger, sealingKey, tokenUrl: url, timeoutMs } = this.#options
    const key = { userId: claimed.user_id, clientId: claimed.client_id }
    try {
      const code = unseal(sealingKey, claimed.code_sealed, boundTo(key, 'code'))
      const clientSecret = await mintClientSecret(credentials, key.clientId)
      const token = await exchangeCode({ url, timeoutMs, clientId: key.clientId, clientSecret, code })
      const sealed = token === undefined ? undefined : seal(sealingKey, token, boundTo(key, 'refresh token'))
      await settleAppleCode(pool, claimed, sealed)
      logger.debug({ granted: token !== undefined }, 'authorization code exchanged')
    } catch (error) {
      logger.warn({ error }, 'an authorization code could not be exchanged; it is tried again while it counts')
    }
  }

  async #idle(): Promise<void> {
    if (this.#aborter.signal.aborted) return
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await sleep(this.#options.pollMs, undefined, { signal: woken.signal }).catch(() => undefined)
    this.#wake = undefined
  }
}
