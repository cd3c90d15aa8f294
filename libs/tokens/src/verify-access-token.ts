// One access token from text to claims, without cache and deny list. The order is cheap before dear: spelling, header,
// key, signature, claims; nothing of the payload is read before the signature holds, but for the end of a token whose key is gone.
import { CairnError } from '@cairn/contracts'
import { compactVerify, type CryptoKey } from 'jose'
import { isSecond, readAccessClaims, type AccessClaims, type ClaimRules } from './access-claims.ts'
import { parseJsonObject, readCompactHeader } from './compact-token.ts'

export interface VerifyContext {
  readonly rules: ClaimRules
  /** The public key of that id, or undefined. Rejects with `unavailable` when no keys are known at all. */
  readonly keyFor: (keyId: string) => Promise<CryptoKey | undefined>
}

const maxKeyIdLength = 128

/** Exactly the header that auth writes: so no `jwk`, `jku`, `x5c`, `crit` or `b64` can mean anything. */
const keyIdOf = (header: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  if (header === undefined || Object.keys(header).length !== 3) return undefined
  const { alg, typ, kid } = header
  const valid = alg === 'EdDSA' && typ === 'at+jwt' && typeof kid === 'string' && kid.length <= maxKeyIdLength
  return valid ? kid : undefined
}

const verifiedPayload = async (token: string, key: CryptoKey): Promise<Uint8Array> => {
  try {
    return (await compactVerify(token, key, { algorithms: ['EdDSA'] })).payload
  } catch (cause) {
    throw new CairnError('token_invalid', { cause })
  }
}

/**
 * What an unverified token says of its end. It is refused either way; but a phone that was away while keys were replaced is to
 * refresh, not to sign in again, and its token has ended long before its key went.
 */
const saysItHasEnded = (token: string): boolean => {
  const exp = parseJsonObject(Buffer.from(token.split('.', 2)[1] ?? '', 'base64url').toString('utf8'))?.['exp']
  return isSecond(exp) && exp <= Date.now() / 1_000
}

/** Throws `token_invalid`, `token_expired`, or `unavailable` when no keys are known. */
export const verifyAccessToken = async (token: string, { rules, keyFor }: VerifyContext): Promise<AccessClaims> => {
  const keyId = keyIdOf(readCompactHeader(token))
  if (keyId === undefined) throw new CairnError('token_invalid')
  const key = await keyFor(keyId)
  if (key === undefined) throw new CairnError(saysItHasEnded(token) ? 'token_expired' : 'token_invalid')
  const payload = parseJsonObject(Buffer.from(await verifiedPayload(token, key)).toString('utf8'))
  if (payload === undefined) throw new CairnError('token_invalid')
  return { ...readAccessClaims(payload, rules, Date.now() / 1_000), keyId }
}
