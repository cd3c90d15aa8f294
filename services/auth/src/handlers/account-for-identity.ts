// Which account an Apple identity signs in to: the one that has it; else the guest who asks, upgraded; else a new one. An
// e-mail address is stored and never looked for.
import { randomUUID } from 'node:crypto'
import { CairnError } from '@cairn/contracts'
import type { AppleIdentity } from '../domain/apple-claims.ts'
import type { StoredUser } from '../domain/user-answer.ts'
import { claimIdentity } from '../store/claim-identity.ts'
import { findIdentity, type IdentityKey } from '../store/find-identity.ts'
import { findUser } from '../store/find-user.ts'
import { insertUser, type NewUser } from '../store/insert-user.ts'
import type { Queryable } from '../store/queryable.ts'
import { upgradeGuest } from '../store/upgrade-guest.ts'

export interface SignInClaim {
  readonly key: IdentityKey
  readonly identity: AppleIdentity
  readonly displayName: string | null
  /** The guest to be upgraded, if this is an upgrade. */
  readonly guestId: string | undefined
}

export interface Account {
  readonly user: StoredUser
  readonly created: boolean
}

/**
 * The caller's id when they are a guest and nobody has the identity. Decided when the request comes, before the sign-in's
 * transaction: of two upgrades at once the second one is then told that it lost, however late it gets there.
 */
export const guestToUpgrade = async (
  database: Queryable,
  key: IdentityKey,
  callerId: string | undefined,
): Promise<string | undefined> => {
  if (callerId === undefined) return undefined
  const caller = await findUser(database, callerId)
  return caller?.is_guest === true && (await findIdentity(database, key)) === undefined ? callerId : undefined
}

const ownerOf = async (database: Queryable, key: IdentityKey): Promise<StoredUser | undefined> => {
  const userId = await findIdentity(database, key)
  return userId === undefined ? undefined : findUser(database, userId)
}

const upgraded = async (database: Queryable, key: IdentityKey, account: NewUser): Promise<Account> => {
  const claimed = await claimIdentity(database, key, account.id)
  const user = claimed ? await upgradeGuest(database, account) : undefined
  if (user !== undefined) return { user, created: false }
  const guest = await findUser(database, account.id)
  throw new CairnError(guest === undefined ? 'token_invalid' : 'identity_taken')
}

/**
 * Within the sign-in's transaction. Throws `identity_taken` when another sign-in was faster than this upgrade, and
 * `token_invalid` when the guest's deletion was.
 */
export const accountForIdentity = async (
  database: Queryable,
  { key, identity, displayName, guestId }: SignInClaim,
): Promise<Account> => {
  const account = {
    id: guestId ?? randomUUID(),
    isGuest: false,
    displayName,
    email: identity.email ?? null,
    emailVerified: identity.emailVerified,
  }
  if (guestId !== undefined) return upgraded(database, key, account)
  const owner = await ownerOf(database, key)
  if (owner !== undefined) return { user: owner, created: false }
  const claimed = await claimIdentity(database, key, account.id)
  if (claimed) return { user: await insertUser(database, account), created: true }
  const winner = await ownerOf(database, key)
  if (winner === undefined) throw new CairnError('unavailable', { cause: new Error('the identity came and went') })
  return { user: winner, created: false }
}
