// Exchanges authorization codes for Apple's refresh tokens, which only deleting an account will need. It runs beside sign-in,
// never within it: a code is kept by the transaction of the login and tried until Apple answers or the code is too old.
import { runJob, type Bus } from '@cairn/bus'
import type pg from 'pg'
import { mintClientSecret, type AppleCredentials } from '../apple/client-secret.ts'
import { exchangeCode } from '../apple/exchange-code.ts'
import { codeOf, refreshTokenOf } from '../apple/grant-binding.ts'
import type { Keys } from '../crypto/derive-key.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import {
  claimAppleCodes,
  hasAppleGrant,
  keepAppleCode,
  settleAppleCode,
  type AppleGrantKey,
  type ClaimedCode,
} from '../store/apple-codes.ts'
import type { Queryable } from '../store/queryable.ts'
import type { AppleRevocations } from './revoke-apple-grants.ts'
import { Worklist } from './worklist.ts'

export interface AppleCodesOptions {
  readonly bus: Bus
  readonly pool: pg.Pool
  readonly sealingKeys: Keys
  /** Undefined: codes are kept until they are too old, and not exchanged. */
  readonly credentials: AppleCredentials | undefined
  readonly tokenUrl: string
  readonly revocations: AppleRevocations
  readonly timeoutMs: number
  readonly pollMs: number
}

/** Apple's own: a code counts for five minutes. */
const codeLifetimeSeconds = 300

export class AppleCodes {
  readonly #options: AppleCodesOptions
  readonly #worklist: Worklist<ClaimedCode> | undefined

  constructor(options: AppleCodesOptions) {
    this.#options = options
    const { bus, pool, credentials, timeoutMs, pollMs } = options
    if (credentials === undefined) return
    const leaseSeconds = Math.ceil(timeoutMs / 1_000)
    const failure = 'an authorization code could not be exchanged; it is tried again while it counts'
    this.#worklist = new Worklist({
      pollMs,
      claim: limit => claimAppleCodes(pool, { limit, leaseSeconds }),
      work: claimed => this.#exchange(credentials, claimed),
      attempt: work => runJob(bus, { name: 'apple-codes', failure }, work),
    })
  }

  /** Keeps a code within the login's transaction. */
  async keep(database: Queryable, key: AppleGrantKey, code: string): Promise<void> {
    const sealed = seal(this.#options.sealingKeys, code, codeOf(key))
    await keepAppleCode(database, key, { sealed, lifetimeSeconds: codeLifetimeSeconds })
  }

  /** Call after the commit that kept one. */
  kept(): void {
    this.#worklist?.wake()
  }

  async stop(): Promise<void> {
    await this.#worklist?.stop()
  }

  async #exchange(credentials: AppleCredentials, claimed: ClaimedCode): Promise<void> {
    const { bus, pool, sealingKeys, tokenUrl: url, timeoutMs } = this.#options
    const key = { userId: claimed.user_id, clientId: claimed.client_id }
    const code = unseal(sealingKeys, claimed.code_sealed, codeOf(key))
    const clientSecret = await mintClientSecret(credentials, key.clientId)
    const token = await exchangeCode({ url, timeoutMs, clientId: key.clientId, clientSecret, code })
    const sealed = token === undefined ? undefined : seal(sealingKeys, token, refreshTokenOf(key))
    const settled = await settleAppleCode(pool, claimed, sealed)
    if (!settled && token !== undefined) await this.#revokeUnlessReplaced(key, token)
    bus.logger.debug({ granted: token !== undefined }, 'authorization code exchanged')
  }

  /** The account was deleted while Apple answered. A newer code brings a token of the same grant, which must not end. */
  async #revokeUnlessReplaced(key: AppleGrantKey, token: string): Promise<void> {
    const { pool, revocations } = this.#options
    if (await hasAppleGrant(pool, key)) return
    await revocations.keepToken(pool, key.clientId, token)
    revocations.kept()
  }
}
