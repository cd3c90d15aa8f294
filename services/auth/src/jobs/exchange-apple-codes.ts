// Exchanges authorization codes for Apple's refresh tokens, which only deleting an account will need. It runs beside sign-in,
// never within it: a code is kept by the transaction of the login and tried until Apple answers or the code is too old.
import type { Logger } from '@cairn/runtime'
import type pg from 'pg'
import { mintClientSecret, type AppleCredentials } from '../apple/client-secret.ts'
import { exchangeCode } from '../apple/exchange-code.ts'
import { refreshTokenOf } from '../apple/grant-binding.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import {
  claimAppleCodes,
  keepAppleCode,
  settleAppleCode,
  type AppleGrantKey,
  type ClaimedCode,
} from '../store/apple-codes.ts'
import type { Queryable } from '../store/queryable.ts'
import { Worklist } from './worklist.ts'

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

const codeOf = ({ userId, clientId }: AppleGrantKey): string => `code of ${userId} for ${clientId}`

export class AppleCodes {
  readonly #options: AppleCodesOptions
  readonly #worklist: Worklist<ClaimedCode> | undefined

  constructor(options: AppleCodesOptions) {
    this.#options = options
    const { pool, logger, credentials, timeoutMs, pollMs } = options
    if (credentials === undefined) return
    const leaseSeconds = Math.ceil(timeoutMs / 1_000)
    this.#worklist = new Worklist({
      logger,
      pollMs,
      claim: limit => claimAppleCodes(pool, { limit, leaseSeconds }),
      work: claimed => this.#exchange(credentials, claimed),
      failure: 'an authorization code could not be exchanged; it is tried again while it counts',
    })
  }

  /** Keeps a code within the login's transaction. */
  async keep(database: Queryable, key: AppleGrantKey, code: string): Promise<void> {
    const sealed = seal(this.#options.sealingKey, code, codeOf(key))
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
    const { pool, logger, sealingKey, tokenUrl: url, timeoutMs } = this.#options
    const key = { userId: claimed.user_id, clientId: claimed.client_id }
    const code = unseal(sealingKey, claimed.code_sealed, codeOf(key))
    const clientSecret = await mintClientSecret(credentials, key.clientId)
    const token = await exchangeCode({ url, timeoutMs, clientId: key.clientId, clientSecret, code })
    const sealed = token === undefined ? undefined : seal(sealingKey, token, refreshTokenOf(key))
    await settleAppleCode(pool, claimed, sealed)
    logger.debug({ granted: token !== undefined }, 'authorization code exchanged')
  }
}
