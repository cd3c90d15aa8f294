// Auth's part of the contract: HTTP bodies, which are also the bus payloads (design §3 and §4).
import { Type, type Static } from 'typebox'
import { Instant, Nullable, Uuid } from './scalars.ts'

const closed = { additionalProperties: false }

export const devicePlatforms = ['ios', 'android', 'web', 'other'] as const
export type DevicePlatform = (typeof devicePlatforms)[number]

export const Device = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    platform: Type.Optional(Type.Enum(devicePlatforms)),
  },
  closed,
)
export type Device = Static<typeof Device>

export const User = Type.Object({
  id: Uuid,
  is_guest: Type.Boolean(),
  display_name: Nullable(Type.String()),
  email: Nullable(Type.String()),
  created_at: Instant,
})
export type User = Static<typeof User>

export const Session = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'Seconds until the access token expires.' }),
  refresh_token: Type.String(),
  refresh_expires_at: Instant,
  session_id: Uuid,
  user: User,
  created: Type.Boolean({ description: 'True when this call made the account.' }),
})
export type Session = Static<typeof Session>

export const Nonce = Type.Object({ nonce: Type.String(), expires_at: Instant })
export type Nonce = Static<typeof Nonce>

export const SignInWithApple = Type.Object(
  {
    identity_token: Type.String({ minLength: 1, maxLength: 8192 }),
    nonce: Type.String({ minLength: 1, maxLength: 256 }),
    authorization_code: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, pattern: '^[\\x21-\\x7e]+$' })),
    display_name: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    device: Type.Optional(Device),
  },
  closed,
)
export type SignInWithApple = Static<typeof SignInWithApple>

export const SignInAsGuest = Type.Object({ device: Type.Optional(Device) }, closed)
export type SignInAsGuest = Static<typeof SignInAsGuest>

export const RefreshSession = Type.Object({ refresh_token: Type.String({ minLength: 1, maxLength: 1024 }) }, closed)
export type RefreshSession = Static<typeof RefreshSession>

export const Me = Type.Object({ user: User })
export type Me = Static<typeof Me>

/** One public signing key as in RFC 7517; `kid` is its RFC 7638 thumbprint. */
export const PublicKey = Type.Object({
  kid: Type.String(),
  kty: Type.Literal('OKP'),
  crv: Type.Literal('Ed25519'),
  alg: Type.Literal('EdDSA'),
  use: Type.Literal('sig'),
  x: Type.String(),
})
export type PublicKey = Static<typeof PublicKey>

export const KeySet = Type.Object({ keys: Type.Array(PublicKey) })
export type KeySet = Static<typeof KeySet>

/** What `GET /sessions` says of one. `last_seen_at` is when it was last refreshed. */
export const SessionSummary = Type.Object({
  id: Uuid,
  device: Device,
  created_at: Instant,
  last_seen_at: Instant,
  current: Type.Boolean({ description: 'True for the session that asks.' }),
})
export type SessionSummary = Static<typeof SessionSummary>

export const SessionList = Type.Object({ sessions: Type.Array(SessionSummary) })
export type SessionList = Static<typeof SessionList>

export const EndSession = Type.Object({ session_id: Type.String() }, closed)
export type EndSession = Static<typeof EndSession>

/** The bearer token's session, or the one of this refresh token. */
export const LogOut = Type.Object(
  { refresh_token: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })) },
  closed,
)
export type LogOut = Static<typeof LogOut>

/** Apple's server-to-server notification: a signed JWT. */
export const AppleNotification = Type.Object({ payload: Type.String({ minLength: 1, maxLength: 8192 }) })
export type AppleNotification = Static<typeof AppleNotification>

/** Why one session ended, and why all of a user's did. */
export const sessionEndReasons = ['logged_out', 'ended_by_user', 'reuse_detected'] as const
export const signOutReasons = ['account_deleted', 'consent_revoked'] as const

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
