// One bounded fetch of Apple's key set: in time, in bytes, without redirects, only RSA keys that sign.
import { importJWK, type CryptoKey, type JWK } from 'jose'
import { readBounded } from './read-bounded.ts'

export interface FetchOptions {
  readonly url: string
  readonly timeoutMs: number
}

/** Apple's set has a few keys of some 500 bytes each. */
const maxBytes = 65_536
const maxKeys = 32
const maxKeyIdLength = 128

const isSigningKey = (key: JWK): boolean =>
  key.kty === 'RSA' &&
  typeof key.kid === 'string' &&
  key.kid.length <= maxKeyIdLength &&
  (key.use === undefined || key.use === 'sig') &&
  (key.alg === undefined || key.alg === 'RS256')

const importKey = async ({ kid, kty, n, e }: JWK): Promise<[string, CryptoKey]> => {
  const key = await importJWK({ kty, n, e } as JWK, 'RS256')
  if (kid === undefined || key instanceof Uint8Array) throw new TypeError('not a public RSA key')
  return [kid, key]
}

/** Keys by id. Rejects when the set cannot be had, cannot be read, or has no key. */
export const fetchAppleKeys = async ({ url, timeoutMs }: FetchOptions): Promise<ReadonlyMap<string, CryptoKey>> => {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the key set was answered with status ${response.status}`)
  }
  const { keys } = JSON.parse(await readBounded(response, maxBytes)) as { keys?: unknown }
  if (!Array.isArray(keys) || keys.length > maxKeys) throw new Error('the key set is not a list of a few keys')
  const imported = new Map(await Promise.all((keys as JWK[]).filter(isSigningKey).map(importKey)))
  if (imported.size === 0) throw new Error('the key set has no RSA key for signatures')
  return imported
}
