// Ends at Apple what a deleted account had granted, as Apple asks of apps in which accounts can be deleted (TN3194). The
// deletion does not wait for it: what is to be revoked is written by its transaction and tried until Apple takes it.
import { randomUUID } from 'node:crypto'
import { runJob, type Bus } from '@cairn/bus'
import type pg from 'pg'
import { mintClientSecret, type AppleCredentials } from '../apple/client-secret.ts'
import { exchangeCode } from '../apple/exchange-code.ts'
import { codeOf, refreshTokenOf, revocationOf } from '../apple/grant-binding.ts'
import { revokeToken } from '../apple/revoke-token.ts'
import type { Keys } from '../crypto/derive-key.ts'
import { seal, unseal } from '../crypto/sealed.ts'
import type { AppleGrantKey } from '../store/apple-codes.ts'
import {
  claimAppleRevocations,
  deleteAppleRevocation,
  insertAppleRevocation,
  putTokenOfRevocation,
  type Revocation,
} from '../store/apple-revocations.ts'
import { lockAppleGrants } from '../store/lock-apple-grants.ts'
import type { Queryable } from '../store/queryable.ts'
import { Worklist } from './worklist.ts'

export interface AppleRevocationsOptions {
  readonly bus: Bus
  readonly pool: pg.Pool
  readonly sealingKeys: Keys
  /** Undefined: what was granted when there were some is kept for as long as it would be tried. */
  readonly credentials: AppleCredentials | undefined
  readonly tokenUrl: string
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
    const { bus, pool, credentials, timeoutMs, pollMs } = options
    if (credentials === undefined) return
    // A code takes two calls.
    const leaseSeconds = Math.ceil((2 * timeoutMs) / 1_000)
    const failure = 'a grant could not be revoked at Apple; it is tried again'
    this.#worklist = new Worklist({
      pollMs,
      claim: limit => claimAppleRevocations(pool, { limit, leaseSeconds }),
      work: revocation => this.#revoke(credentials, revocation),
      attempt: work => runJob(bus, { name: 'apple-revocations', failure }, work),
    })
  }

  /** Within the transaction that deletes the account, before it does. What cannot be read holds up no deletion. */
  async keep(database: Queryable, userId: string): Promise<void> {
    for (const grant of await lockAppleGrants(database, userId)) {
      const { client_id: clientId, refresh_token_sealed: token, code_sealed: code, code_expires_at: codeEnd } = grant
      const key = { userId, clientId }
      if (token !== null) {
        const text = this.#read(token, refreshTokenOf(key))
        if (text !== undefined) await this.keepToken(database, clientId, text)
      }
      if (code !== null && codeEnd !== null && this.#worklist !== undefined) {
        const text = this.#read(code, codeOf(key))
        if (text !== undefined) await this.#insert(database, { clientId, code: text }, codeEnd)
      }
    }
  }

  /** Also for a token that came when the account was gone already. */
  async keepToken(database: Queryable, clientId: AppleGrantKey['clientId'], token: string): Promise<void> {
    await this.#insert(database, { clientId, token }, this.#expiry())
  }

  /** Call after the commit. */
  kept(): void {
    this.#worklist?.wake()
  }

  async stop(): Promise<void> {
    await this.#worklist?.stop()
  }

  #expiry(): Date {
    return new Date(Date.now() + this.#options.lifetimeSeconds * 1_000)
  }

  #read(sealed: Buffer, boundTo: string): string | undefined {
    const { sealingKeys, bus } = this.#options
    try {
      return unseal(sealingKeys, sealed, boundTo)
    } catch (error) {
      bus.logger.error({ error }, 'a grant of a deleted account cannot be read, and is not revoked at Apple')
      return undefined
    }
  }

  async #insert(
    database: Queryable,
    { clientId, token, code }: { clientId: string; token?: string; code?: string },
    expiresAt: Date,
  ): Promise<void> {
    const id = randomUUID()
    const sealed = (text: string | undefined): Buffer | null =>
      text === undefined ? null : seal(this.#options.sealingKeys, text, revocationOf(id))
    const revocation = { id, client_id: clientId, token_sealed: sealed(token), code_sealed: sealed(code) }
    await insertAppleRevocation(database, revocation, expiresAt)
  }

  async #revoke(credentials: AppleCredentials, revocation: Revocation): Promise<void> {
    const { bus, pool, sealingKeys, revokeUrl: url, timeoutMs } = this.#options
    const { id, client_id: clientId, token_sealed: sealed } = revocation
    const token =
      sealed === null ? await this.#exchange(credentials, revocation) : unseal(sealingKeys, sealed, revocationOf(id))
    if (token !== undefined) {
      const clientSecret = await mintClientSecret(credentials, clientId)
      await revokeToken({ url, timeoutMs, clientId, clientSecret, token })
    }
    await deleteAppleRevocation(pool, id)
    bus.logger.info({ revoked: token !== undefined }, 'grant of a deleted account settled at Apple')
  }

  /** A code counts once, so its token is kept before it is used. Undefined when Apple does not take the code. */
  async #exchange(
    credentials: AppleCredentials,
    { id, client_id: clientId, code_sealed: sealed }: Revocation,
  ): Promise<string | undefined> {
    const { pool, sealingKeys, tokenUrl: url, timeoutMs } = this.#options
    if (sealed === null) throw new Error('a revocation without a token and without a code')
    const code = unseal(sealingKeys, sealed, revocationOf(id))
    const clientSecret = await mintClientSecret(credentials, clientId)
    const token = await exchangeCode({ url, timeoutMs, clientId, clientSecret, code })
    if (token === undefined) return undefined
    const tokenSealed = seal(sealingKeys, token, revocationOf(id))
    await putTokenOfRevocation(pool, id, { tokenSealed, expiresAt: this.#expiry() })
    return token
  }
}
