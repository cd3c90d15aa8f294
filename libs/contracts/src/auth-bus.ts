// What auth tells other services, and what they ask of it: bus payloads that no client sees (design §4 and §8).
import { Type, type Static } from 'typebox'
import { SessionSummary, User } from './auth.ts'
import { Instant, Nullable, Uuid } from './scalars.ts'

const closed = { additionalProperties: false }

/** Why one session ended, and why all of a user's did. */
export const sessionEndReasons = ['logged_out', 'ended_by_user', 'reuse_detected'] as const
export const signOutReasons = ['account_deleted', 'consent_revoked', 'ended_by_operator'] as const

/** Payload of `event.auth.session.ended.v1.<user>`. */
export const SessionEnded = Type.Object({
  user_id: Uuid,
  session_id: Uuid,
  reason: Type.Enum(sessionEndReasons),
  ended_at: Instant,
})
export type SessionEnded = Static<typeof SessionEnded>

/** Payload of `event.auth.user.signed_out.v1.<user>`: all sessions are over; tokens with `iat` <= `not_after` are dead. */
export const UserSignedOut = Type.Object({
  user_id: Uuid,
  not_after: Type.Integer({ description: 'Seconds since 1970.' }),
  reason: Type.Enum(signOutReasons),
  ended_at: Instant,
})
export type UserSignedOut = Static<typeof UserSignedOut>

/** Payload of `event.auth.user.deleted.v1.<user>`: every owner erases what it has of that user. */
export const UserDeleted = Type.Object({ user_id: Uuid, deleted_at: Instant })
export type UserDeleted = Static<typeof UserDeleted>

export const ReadDenials = Type.Object({ cursor: Type.Optional(Type.String({ maxLength: 256 })) }, closed)
export type ReadDenials = Static<typeof ReadDenials>

/** Whatever ended so lately that an access token of it may still be within its lifetime, page by page. */
export const Denials = Type.Object({
  sessions: Type.Array(Type.Object({ session_id: Uuid, ended_at: Instant })),
  users: Type.Array(Type.Object({ user_id: Uuid, not_after: Type.Integer() })),
  next_cursor: Nullable(Type.String()),
})
export type Denials = Static<typeof Denials>

export const RotateKeys = Type.Object(
  {
    revoke_previous: Type.Optional(Type.Boolean({ description: 'Tokens of the key that signed so far die at once.' })),
  },
  closed,
)
export type RotateKeys = Static<typeof RotateKeys>

/** `rotated` is false while the next key is not known everywhere yet; it can be asked for again after `ready_in_s`. */
export const KeyRotation = Type.Object({
  rotated: Type.Boolean(),
  current_key_id: Type.String(),
  next_key_id: Type.String(),
  ready_in_s: Type.Integer({ description: 'Seconds until the next key may sign.' }),
})
export type KeyRotation = Static<typeof KeyRotation>

/** Whom an operator's order is about. */
export const AboutUser = Type.Object({ user_id: Uuid }, closed)
export type AboutUser = Static<typeof AboutUser>

/** What auth has of a user, null when there is none; `sessions` are those that live. */
export const Account = Type.Object({
  account: Nullable(Type.Object({ user: User, sessions: Type.Array(Type.Omit(SessionSummary, ['current'])) })),
})
export type Account = Static<typeof Account>

/** `found` is false when there is no such user: nothing was done. */
export const FoundUser = Type.Object({ found: Type.Boolean() })
export type FoundUser = Static<typeof FoundUser>
