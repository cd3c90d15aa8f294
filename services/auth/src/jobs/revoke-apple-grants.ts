// Ends at Apple what a deleted account had granted, as Apple asks of apps in which accounts can be deleted (TN3194). The
// deletion does not wait for it: what is to be revoked is written by its transaction and tried until Apple takes it.
import { randomUUID } from 'node:crypto'
import type { Logger } from '@cairn/runtime'
import type pg from 'pg'
import { mintClientSecret, type AppleCredentials } from '../apple/client-secret.ts'
import { refreshTokenOf, revocationOf } from '../apple/grant-binding.ts'
import { revokeToken } from '../apple/revoke-token.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import {
  claimAppleRevocations,
  deleteAppleRevocation,
  insertAppleRevocation,
  readGrantedTokens,
  type Revocation,
} from '../store/apple-revocations.ts'
import type { Queryable } from '../store/queryable.ts'
import { Worklist } from './worklist.ts'

export interface AppleRevocationsOptions {
  readonly pool: pg.Pool
  readonly logger: Logger
  readonly sealingKey: Buffer
  /** Undefined: nothing is granted to us, so there is nothing to revoke. */
  readonly credentials: AppleCredentials | undefined
  readonly revokeUrl: string
  readonly timeoutMs: number
  readonly pollMs: number
  /** How long Apple is tried. */
  readonly lifetimeSeconds: number
}

export class AppleRevocations {
  readonly #options: AppleRevocationsOptions
  readonly #worklist: Worklist<Revocation> | undefined

  constructor(options: AppleRevocationsOptions) {
    this.#options = options
    const { pool, logger, credentials, timeoutMs, pollMs } = options
    if (credentials === undefined) return
    const leaseSeconds = Math.ceil(timeoutMs / 1_000)
    this.#worklist = new Worklist({
      logger,
      pollMs,
      claim: limit => claimAppleRevocations(pool, { limit, leaseSeconds }),
      work: revocation => this.#revoke(credentials, revocation),
      failure: 'a grant could not be revoked at Apple; it is tried again',
    })
  }

  /** Within the transaction that deletes the account, before it does. */
  async keep(database: Queryable, userId: string): Promise<void> {
    const { sealingKey, lifetimeSeconds } = this.#options
    for (const { client_id, refresh_token_sealed: sealed } of await readGrantedTokens(database, userId)) {
      const id = randomUUID()
      const token = unseal(sealingKey, sealed, refreshTokenOf({ userId, clientId: client_id }))
      const token_sealed = seal(sealingKey, token, revocationOf(id))
      await insertAppleRevocation(database, { id, client_id, token_sealed }, lifetimeSeconds)
    }
  }

  /** Call after the commit. */
  kept(): void {
    this.#worklist?.wake()
  }

  async stop(): Promise<void> {
    await this.#worklist?.stop()
  }

  async #revoke(credentials: AppleCredentials, { id, client_id: clientId, token_sealed }: Revocation): Promise<void> {
    const { pool, logger, sealingKey, revokeUrl: url, timeoutMs } = this.#options
    const token = unseal(sealingKey, token_sealed, revocationOf(id))
    const clientSecret = await mintClientSecret(credentials, clientId)
    await revokeToken({ url, timeoutMs, clientId, clientSecret, token })
    await deleteAppleRevocation(pool, id)
    logger.info('grant of a deleted account revoked at Apple')
  }
}
