// A token that Apple signed, from text to claims: spelling, header, key, signature. What the claims say is judged elsewhere.
import { readCompactHeader } from '@cairn/tokens'
import { compactVerify, type CryptoKey } from 'jose'
import type { AppleKeySet } from './apple-key-set.ts'

export type Claims = Readonly<Record<string, unknown>>

const maxKeyIdLength = 128

/** RS256 and nothing else, whatever the header would like; `typ`, where there is one, says that it is a plain JWT. */
const keyIdOf = (header: Claims | undefined): string | undefined => {
  if (header === undefined) return undefined
  const { alg, kid, typ } = header
  const valid = alg === 'RS256' && typeof kid === 'string' && kid.length <= maxKeyIdLength
  return valid && (typ === undefined || typ === 'JWT') ? kid : undefined
}

const verifiedClaims = async (token: string, key: CryptoKey): Promise<Claims | undefined> => {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: ['RS256'] })
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : undefined
  } catch {
    return undefined
  }
}

/** The claims, or a word for the first thing that is wrong. Rejects with `unavailable` when Apple's keys are not to be had. */
export const readAppleClaims = async (
  keys: AppleKeySet,
  token: string,
): Promise<Claims | 'header' | 'key' | 'signature'> => {
  const keyId = keyIdOf(readCompactHeader(token))
  if (keyId === undefined) return 'header'
  const key = await keys.keyFor(keyId)
  if (key === undefined) return 'key'
  return (await verifiedClaims(token, key)) ?? 'signature'
}
