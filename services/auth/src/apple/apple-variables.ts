// Everything that can be set of how auth deals with Apple.
import { variable } from '@cairn/runtime'

export const appleVariables = {
  appleIssuers: variable.list('APPLE_ISSUERS', {
    fallback: ['https://appleid.apple.com'],
    description: '`iss` of identity tokens that are believed; never taken from a token or a discovery document',
  }),
  appleClientIds: variable.list('APPLE_CLIENT_IDS', {
    description: '`aud` of identity tokens that are believed: bundle ids and Services IDs of this app',
  }),
  appleKeysUrl: variable.url('APPLE_KEYS_URL', {
    protocols: ['https:', 'http:'],
    fallback: 'https://appleid.apple.com/auth/keys',
    description: "where Apple's public keys are",
  }),
  appleTeamId: variable.text('APPLE_TEAM_ID', {
    description: 'id of the Apple developer team; subjects are stable within one team only',
  }),
  appleTokenMaxAgeSeconds: variable.integer('APPLE_TOKEN_MAX_AGE_S', {
    min: 10,
    max: 3_600,
    fallback: 600,
    description: 'greatest age of an identity token by its `iat`, in seconds; its own end may be a day away',
  }),
  appleNotificationMaxAgeSeconds: variable.integer('APPLE_NOTIFICATION_MAX_AGE_S', {
    min: 3_600,
    max: 2_592_000,
    fallback: 604_800,
    description:
      "greatest age of Apple's notifications by their `iat`, in seconds (7 days); their ids are kept as long",
  }),
  appleKeysTimeoutMs: variable.integer('APPLE_KEYS_TIMEOUT_MS', {
    min: 100,
    max: 10_000,
    fallback: 2_000,
    description: "longest fetch of Apple's keys",
  }),
  appleKeysMaxAgeSeconds: variable.integer('APPLE_KEYS_MAX_AGE_S', {
    min: 1,
    max: 86_400,
    fallback: 600,
    description: "age at which Apple's keys are fetched again, in seconds",
  }),
  appleKeysStaleSeconds: variable.integer('APPLE_KEYS_STALE_S', {
    min: 0,
    max: 604_800,
    fallback: 86_400,
    description: "how long known keys serve beyond that age while Apple's do not come, in seconds",
  }),
  appleKeysFetchFloorMs: variable.integer('APPLE_KEYS_FETCH_FLOOR_MS', {
    min: 0,
    max: 600_000,
    fallback: 10_000,
    description: "shortest time between two fetches of Apple's keys",
  }),
  appleKeyId: variable.text('APPLE_KEY_ID', {
    fallback: '',
    description: 'id of the key in APPLE_PRIVATE_KEY; with neither, codes are not exchanged and grants not revoked',
  }),
  applePrivateKey: {
    ...variable.text('APPLE_PRIVATE_KEY', {
      fallback: '',
      description: "the team's private key for Sign in with Apple: a P-256 key as PEM, or that as base64",
    }),
    secret: true,
  },
  appleTokenUrl: variable.url('APPLE_TOKEN_URL', {
    protocols: ['https:', 'http:'],
    fallback: 'https://appleid.apple.com/auth/token',
    description: 'where authorization codes are exchanged',
  }),
  appleRevokeUrl: variable.url('APPLE_REVOKE_URL', {
    protocols: ['https:', 'http:'],
    fallback: 'https://appleid.apple.com/auth/revoke',
    description: 'where the grants of deleted accounts are revoked',
  }),
  appleRevokeForSeconds: variable.integer('APPLE_REVOKE_FOR_S', {
    min: 60,
    max: 31_536_000,
    fallback: 2_592_000,
    description: 'how long it is tried to revoke a grant, in seconds (30 days)',
  }),
  appleExchangeTimeoutMs: variable.integer('APPLE_EXCHANGE_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 5_000,
    description:
      'longest exchange of an authorization code, or revocation of a grant; no login and no deletion waits for it',
  }),
  appleExchangePollMs: variable.integer('APPLE_EXCHANGE_POLL_MS', {
    min: 50,
    max: 60_000,
    fallback: 2_000,
    description: 'pause between two looks for codes and revocations whose next attempt is due',
  }),
} as const
