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
    description: 'lifetime of access tokens in seconds, and the longest that a verifier accepts',
  }),
  clockSkewSeconds: variable.integer('CLOCK_SKEW_S', {
    min: 0,
    max: 300,
    fallback: 60,
    description: 'how far ahead of the own clock a token may have been issued, in seconds',
  }),
} as const
