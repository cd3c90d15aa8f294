// The one verifier of access tokens, used by gateway and realtime. Signing is auth's alone and is not in here.
export type { AccessClaims } from './access-claims.ts'
export { readCompactHeader } from './compact-token.ts'
export { startTokenGuard, type TokenGuard, type TokenGuardOptions } from './token-guard.ts'
export { guardVariables, tokenVariables } from './token-variables.ts'
