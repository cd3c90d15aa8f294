// Variables of everyone who makes or verifies access tokens; they have to be the same in all of them.
import { variable } from '@cairn/runtime'

export const tokenVariables = {
  accessTokenIssuer: variable.text('ACCESS_TOKEN_ISSUER', {
    fallback: 'cairn',
    description: '`iss` of access tokens; the same in auth, gateway and realtime',
  }),
  accessTokenAudience: variable.text('ACCESS_TOKEN_AUDIENCE', {
    fallback: 'cairn',
    description: '`aud` of access tokens; the same in auth, gateway and realtime',
  }),
  accessTokenTtlSeconds: variable.integer('ACCESS_TOKEN_TTL_S', {
    min: 10,
    max: 3_600,
    fallback: 600,
    description:
      'lifetime of access tokens in seconds, shorter at the end of a session, and the longest that a verifier accepts',
  }),
  clockSkewSeconds: variable.integer('CLOCK_SKEW_S', {
    min: 0,
    max: 300,
    fallback: 60,
    description:
      'how far ahead of the own clock a token may have been issued, in seconds; in auth also how far past its end, or its greatest age, an identity token of Apple is still taken',
  }),
} as const

/** Variables of everyone who verifies access tokens. */
export const guardVariables = {
  ...tokenVariables,
  cachedTokens: variable.integer('ACCESS_TOKEN_CACHE_SIZE', {
    min: 1,
    max: 1_000_000,
    fallback: 20_000,
    description: 'verified access tokens kept, at about 1 KiB each',
  }),
  deniedLimit: variable.integer('ACCESS_TOKEN_DENIED_LIMIT', {
    min: 1,
    max: 10_000_000,
    fallback: 200_000,
    description:
      'ended sessions and signed-out users remembered while tokens of theirs may live, at about 200 bytes each; beyond it all tokens of the age of what was forgotten have to be refreshed',
  }),
  unknownKeyFloorMs: variable.integer('ACCESS_TOKEN_UNKNOWN_KEY_FLOOR_MS', {
    min: 0,
    max: 600_000,
    fallback: 5_000,
    description: 'shortest time between two reads of the signing keys that tokens with unknown key ids cause',
  }),
} as const
