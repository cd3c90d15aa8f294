// Which account an Apple identity signs in to, within the sign-in's transaction: the one that has it; else the guest who
// asks, upgraded; else a new one. An e-mail address is stored and never looked for.
import { randomUUID } from 'node:crypto'
import { CairnError } from '@cairn/contracts'
import type { AppleIdentity } from '../domain/apple-claims.ts'
import type { StoredUser } from '../domain/user-answer.ts'
import { claimIdentity } from '../store/claim-identity.ts'
import { findIdentity, type IdentityKey } from '../store/find-identity.ts'
import { findUser } from '../store/find-user.ts'
import { insertUser } from '../store/insert-user.ts'
import type { Queryable } from '../store/queryable.ts'
import { upgradeGuest } from '../store/upgrade-guest.ts'

export interface SignInClaim {
  readonly identity: AppleIdentity
  readonly teamId: string
  readonly displayName: string | null
  /** Whose access token came with the request. */
  readonly callerId: string | undefined
}

export interface Account {
  readonly user: StoredUser
  readonly created: boolean
}

const ownerOf = async (database: Queryable, key: IdentityKey): Promise<StoredUser | undefined> => {
  const userId = await findIdentity(database, key)
  return userId === undefined ? undefined : findUser(database, userId)
}

const guestOf = async (database: Queryable, callerId: string | undefined): Promise<StoredUser | undefined> => {
  const caller = callerId === undefined ? undefined : await findUser(database, callerId)
  return caller?.is_guest === true ? caller : undefined
}

/** Throws `identity_taken` when another sign-in or upgrade was faster; the guest is then what that one left. */
export const accountForIdentity = async (
  database: Queryable,
  { identity, teamId, displayName, callerId }: SignInClaim,
): Promise<Account> => {
  const key = { issuer: identity.issuer, teamId, subject: identity.subject }
  const owner = await ownerOf(database, key)
  if (owner !== undefined) return { user: owner, created: false }
  const guest = await guestOf(database, callerId)
  const account = {
    id: guest?.id ?? randomUUID(),
    isGuest: false,
    displayName,
    email: identity.email ?? null,
    emailVerified: identity.emailVerified,
  }
  const claimed = await claimIdentity(database, key, account.id)
  if (guest !== undefined) {
    const upgraded = claimed ? await upgradeGuest(database, account) : undefined
    if (upgraded === undefined) throw new CairnError('identity_taken')
    return { user: upgraded, created: false }
  }
  if (claimed) return { user: await insertUser(database, account), created: true }
  const winner = await ownerOf(database, key)
  if (winner === undefined) throw new CairnError('unavailable', { cause: new Error('the identity came and went') })
  return { user: winner, created: false }
}
