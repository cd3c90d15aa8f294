// The keys that sign access tokens, as this process knows them. The database has them sealed; the first process to start
// makes the first two. They move on under one lock, however many replicas there are, and all of them read them again.
import { isDeepStrictEqual } from 'node:util'
import type { KeySet } from '@cairn/contracts'
import { inTransaction } from '@cairn/postgres'
import type { CryptoKey } from 'jose'
import type pg from 'pg'
import { planKeys, type KeyOrder, type KeyPlan, type KeyRules } from '../domain/key-schedule.ts'
import { promoteSigningKey, revokeSigningKeys } from '../store/change-signing-keys.ts'
import { insertSigningKey } from '../store/insert-signing-key.ts'
import { lockSigningKeys } from '../store/lock-signing-keys.ts'
import type { Queryable } from '../store/queryable.ts'
import { readSigningKeys, type StoredSigningKey } from '../store/read-signing-keys.ts'
import type { Keys } from './derive-key.ts'
import { makeSigningKey, openPrivateKey } from './make-signing-key.ts'

export interface SigningKeysOptions {
  readonly pool: pg.Pool
  readonly sealingKeys: Keys
  readonly rules: KeyRules
}

interface CurrentKey {
  readonly kid: string
  readonly privateKey: CryptoKey
}

export interface KeyMove {
  readonly plan: KeyPlan
  readonly currentKeyId: string
  readonly nextKeyId: string
}

const kidOf = (keys: readonly StoredSigningKey[], state: StoredSigningKey['state']): string | undefined =>
  keys.find(key => key.state === state)?.kid

export class SigningKeys {
  readonly #options: SigningKeysOptions
  #current: CurrentKey
  #keySet: KeySet
  #looking: Promise<boolean> = Promise.resolve(false)
  #waiting: Promise<boolean> | undefined

  private constructor(options: SigningKeysOptions, current: CurrentKey, keySet: KeySet) {
    this.#options = options
    this.#current = current
    this.#keySet = keySet
  }

  /** Rejects with the database's failure, or when the master key is not the one the keys were sealed with, the next to sign included. */
  static async load(options: SigningKeysOptions): Promise<SigningKeys> {
    const keys = await ensureKeys(options)
    await expectUsableStandby(keys, options.sealingKeys)
    return new SigningKeys(options, await currentOf(keys, options.sealingKeys), keySetOf(keys))
  }

  /** Signs from now on. */
  get current(): CurrentKey {
    return this.#current
  }

  /** What verifiers need: every key that is not revoked. */
  get keySet(): KeySet {
    return this.#keySet
  }

  /**
   * Takes over what is in the database at this time or later, one look after the other: an older answer never replaces a newer
   * one. A failure leaves everything as it was. Resolves with whether anything changed.
   */
  async reload(): Promise<boolean> {
    this.#waiting ??= this.#looking
      .catch(() => false)
      .then(() => {
        this.#waiting = undefined
        this.#looking = this.#look()
        return this.#looking
      })
    return this.#waiting
  }

  async #look(): Promise<boolean> {
    const keys = await readSigningKeys(this.#options.pool)
    if (kidOf(keys, 'current') !== this.#current.kid) this.#current = await currentOf(keys, this.#options.sealingKeys)
    const keySet = keySetOf(keys)
    const changed = !isDeepStrictEqual(keySet, this.#keySet)
    this.#keySet = keySet
    return changed
  }

  /** Moves the keys on as the schedule or the order wants it, and takes over the outcome. */
  async move(order: KeyOrder): Promise<KeyMove> {
    const { pool, rules, sealingKeys } = this.#options
    const move = await inTransaction(pool, async client => {
      await lockSigningKeys(client)
      const before = await readSigningKeys(client)
      const plan = planKeys(before, rules, order)
      if (plan.promote !== undefined) await expectUsableStandby(before, sealingKeys)
      await carryOut(client, plan, sealingKeys)
      const keys = await readSigningKeys(client)
      return { plan, currentKeyId: kidOf(keys, 'current') ?? '', nextKeyId: kidOf(keys, 'standby') ?? '' }
    })
    await this.reload()
    return move
  }
}

const keySetOf = (keys: readonly StoredSigningKey[]): KeySet => ({ keys: keys.map(key => key.public_key) })

const currentOf = async (keys: readonly StoredSigningKey[], sealingKeys: Keys): Promise<CurrentKey> => {
  const current = keys.find(key => key.state === 'current')
  if (current === undefined) throw new Error('there is no current signing key')
  return { kid: current.kid, privateKey: await openPrivateKey(current, sealingKeys) }
}

/** Throws when it could not sign, were it put to work. */
const expectUsableStandby = async (keys: readonly StoredSigningKey[], sealingKeys: Keys): Promise<void> => {
  const standby = keys.find(key => key.state === 'standby')
  if (standby !== undefined) await openPrivateKey(standby, sealingKeys)
}

const carryOut = async (database: Queryable, plan: KeyPlan, sealingKeys: Keys): Promise<void> => {
  if (plan.promote !== undefined) await promoteSigningKey(database, plan.promote)
  if (plan.revoke.length > 0) await revokeSigningKeys(database, plan.revoke)
  if (plan.makeStandby) {
    await insertSigningKey(database, await makeSigningKey(sealingKeys, 'standby'), { knownEverywhere: false })
  }
}

/** However many replicas start at once, one of them makes the first key and its successor. */
const ensureKeys = async ({ pool, sealingKeys }: SigningKeysOptions): Promise<readonly StoredSigningKey[]> => {
  const keys = await readSigningKeys(pool)
  if (kidOf(keys, 'current') !== undefined) return keys
  return inTransaction(pool, async client => {
    await lockSigningKeys(client)
    if (kidOf(await readSigningKeys(client), 'current') === undefined) {
      for (const state of ['current', 'standby'] as const) {
        await insertSigningKey(client, await makeSigningKey(sealingKeys, state), {
          knownEverywhere: state === 'standby',
        })
      }
    }
    return readSigningKeys(client)
  })
}
