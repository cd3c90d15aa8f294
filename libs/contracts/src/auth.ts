// Auth's part of the contract: HTTP bodies, which are also the bus payloads (design §3 and §4).
import { Type, type Static } from 'typebox'
import { Instant, NullableString, told, Uuid } from './scalars.ts'

const closed = { additionalProperties: false }
const refreshTokenExample = 'rt1.0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11.1.kLhX5tq0RbGz1dYw7uVnPA.p2Jm9sQeXcV4bT8rWyUiOg'

export const devicePlatforms = ['ios', 'android', 'web', 'other'] as const
export type DevicePlatform = (typeof devicePlatforms)[number]

export const Device = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'An id that the app keeps on this device.',
        examples: ['8f14e45f'],
      }),
    ),
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'What its user calls the device.',
        examples: ['Ada’s phone'],
      }),
    ),
    platform: Type.Optional(Type.Enum(devicePlatforms, { description: 'The kind of device.', examples: ['ios'] })),
  },
  { ...closed, description: 'The device that signs in, as the session list shows it.' },
)
export type Device = Static<typeof Device>

export const User = Type.Object(
  {
    id: told(Uuid, 'The id of the account, the same for ever.'),
    is_guest: Type.Boolean({
      description: 'True until an Apple identity is attached to the account.',
      examples: [false],
    }),
    display_name: NullableString({ description: 'The name given at the first sign-in, or null.', examples: ['Ada'] }),
    email: NullableString({ description: 'The address Apple gave, or null.', examples: ['ada@example.com'] }),
    created_at: told(Instant, 'When the account was made.'),
  },
  { description: 'An account.' },
)
export type User = Static<typeof User>

export const Session = Type.Object(
  {
    access_token: Type.String({
      description: 'The bearer token of every other request, a JWT with a short life.',
      examples: ['eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsifQ.eyJzdWIiOiJ1In0.c2lnbmF0dXJl'],
    }),
    token_type: Type.Literal('Bearer', {
      description: 'The scheme of the `Authorization` header.',
      examples: ['Bearer'],
    }),
    expires_in: Type.Integer({ description: 'Seconds until the access token expires.', examples: [600] }),
    refresh_token: Type.String({
      description: 'Good for the next pair of tokens; it is replaced each time.',
      examples: [refreshTokenExample],
    }),
    refresh_expires_at: told(Instant, 'When the refresh token expires unless it is used before.'),
    session_id: told(Uuid, 'The id of the session, as in the session list.'),
    user: User,
    created: Type.Boolean({ description: 'True when this call made the account.', examples: [true] }),
  },
  { description: 'A session: tokens, and whose they are.' },
)
export type Session = Static<typeof Session>

export const Nonce = Type.Object(
  {
    nonce: Type.String({
      description: 'To be put into the Apple sign-in, as it is or as lower-case hexadecimal SHA-256.',
      examples: ['Vp7sJ2cQ0bT4nXeRk9aLzg'],
    }),
    expires_at: told(Instant, 'When it stops being accepted; it is good for one sign-in.'),
  },
  { description: 'A nonce for one Apple sign-in.' },
)
export type Nonce = Static<typeof Nonce>

export const SignInWithApple = Type.Object(
  {
    identity_token: Type.String({
      minLength: 1,
      maxLength: 8192,
      description: 'The identity token that Apple gave to the app.',
      examples: ['eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiIwMDEifQ.c2lnbmF0dXJl'],
    }),
    nonce: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'The nonce that `POST /auth/nonce` gave for this sign-in.',
      examples: ['Vp7sJ2cQ0bT4nXeRk9aLzg'],
    }),
    authorization_code: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        pattern: '^[\\x21-\\x7e]+$',
        description:
          'Apple’s authorization code, which is exchanged so that the grant can be revoked with the account.',
        examples: ['c1a2b3.0.abcd.efgh'],
      }),
    ),
    display_name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'The name Apple gave to the app, which it does at the first sign-in alone.',
        examples: ['Ada'],
      }),
    ),
    device: Type.Optional(Device),
  },
  { ...closed, description: 'An Apple sign-in.' },
)
export type SignInWithApple = Static<typeof SignInWithApple>

export const SignInAsGuest = Type.Object(
  { device: Type.Optional(Device) },
  { ...closed, description: 'A sign-in without an identity.' },
)
export type SignInAsGuest = Static<typeof SignInAsGuest>

export const RefreshSession = Type.Object(
  {
    refresh_token: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'The refresh token that came last.',
      examples: [refreshTokenExample],
    }),
  },
  { ...closed, description: 'A refresh token for the next pair.' },
)
export type RefreshSession = Static<typeof RefreshSession>

export const Me = Type.Object({ user: User }, { description: 'Whose token it is.' })
export type Me = Static<typeof Me>

/** One public signing key as in RFC 7517; `kid` is its RFC 7638 thumbprint. */
export const PublicKey = Type.Object(
  {
    kid: Type.String({
      description: 'The RFC 7638 thumbprint of the key.',
      examples: ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'],
    }),
    kty: Type.Literal('OKP', { description: 'The type of key.', examples: ['OKP'] }),
    crv: Type.Literal('Ed25519', { description: 'The curve.', examples: ['Ed25519'] }),
    alg: Type.Literal('EdDSA', { description: 'The algorithm it signs with.', examples: ['EdDSA'] }),
    use: Type.Literal('sig', { description: 'What it is for.', examples: ['sig'] }),
    x: Type.String({ description: 'The public key.', examples: ['11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'] }),
  },
  { description: 'A public key, as in RFC 7517.' },
)
export type PublicKey = Static<typeof PublicKey>

export const KeySet = Type.Object(
  { keys: Type.Array(PublicKey, { description: 'Keys whose tokens are good, and the one that signs next.' }) },
  { description: 'The public signing keys, as in RFC 7517.' },
)
export type KeySet = Static<typeof KeySet>

/** What `GET /sessions` says of one. `last_seen_at` is when it was last refreshed. */
export const SessionSummary = Type.Object(
  {
    id: told(Uuid, 'The id of the session.'),
    device: Device,
    created_at: told(Instant, 'When it was begun.'),
    last_seen_at: told(Instant, 'When it was refreshed last.'),
    current: Type.Boolean({ description: 'True for the session that asks.', examples: [true] }),
  },
  { description: 'One place where a user is signed in.' },
)
export type SessionSummary = Static<typeof SessionSummary>

export const SessionList = Type.Object(
  { sessions: Type.Array(SessionSummary, { description: 'The sessions that live.' }) },
  { description: 'Where a user is signed in.' },
)
export type SessionList = Static<typeof SessionList>

export const EndSession = Type.Object(
  {
    session_id: Type.String({
      description: 'The id of the session.',
      examples: ['0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'],
    }),
  },
  closed,
)
export type EndSession = Static<typeof EndSession>

/** The bearer token's session, or the one of this refresh token. */
export const LogOut = Type.Object(
  {
    refresh_token: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description: 'A refresh token of the session to end, for who has no access token.',
        examples: [refreshTokenExample],
      }),
    ),
  },
  { ...closed, description: 'The session to end; that of the access token when left out.' },
)
export type LogOut = Static<typeof LogOut>

/** Apple's server-to-server notification: a signed JWT. */
export const AppleNotification = Type.Object(
  {
    payload: Type.String({
      minLength: 1,
      maxLength: 8192,
      description: 'The event as a JWT signed by Apple.',
      examples: ['eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJqdGkiOiJqIn0.c2lnbmF0dXJl'],
    }),
  },
  { description: 'A server-to-server notification of Apple.' },
)
export type AppleNotification = Static<typeof AppleNotification>
