// Real keys and signatures: what an attacker sends instead of a token of ours.
import { createHmac, randomUUID } from 'node:crypto'
import { exportSPKI, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyAccessToken, type VerifyContext } from './verify-access-token.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>

const rules = { issuer: 'cairn', audience: 'cairn', maxLifetimeSeconds: 600, clockSkewSeconds: 60 }
let ours: Pair
let theirs: Pair
let asked: string[]
let context: VerifyContext

beforeAll(async () => {
  ours = await generateKeyPair('EdDSA', { extractable: true })
  theirs = await generateKeyPair('EdDSA', { extractable: true })
  context = {
    rules,
    keyFor: keyId => {
      asked.push(keyId)
      return Promise.resolve(keyId === 'ours' ? ours.publicKey : undefined)
    },
  }
})

const claimsOf = (change: object = {}) => {
  const iat = Math.floor(Date.now() / 1_000)
  const ids = { sub: randomUUID(), sid: randomUUID(), jti: 'a' }
  return { iss: 'cairn', aud: 'cairn', ...ids, iat, exp: iat + 600, ...change }
}
const header = { alg: 'EdDSA', typ: 'at+jwt', kid: 'ours' }
const sign = (change: object = {}, key: CryptoKey = ours.privateKey, claims: object = {}): Promise<string> =>
  new SignJWT(claimsOf(claims)).setProtectedHeader({ ...header, ...change }).sign(key)
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A token nobody signs but by hand. */
const forge = (forged: object, signature: string): string => `${encode(forged)}.${encode(claimsOf())}.${signature}`
const hmac = (forged: object, secret: string): string => {
  const input = `${encode(forged)}.${encode(claimsOf())}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const verify = (token: string) => {
  asked = []
  return verifyAccessToken(token, context)
}

describe('verifyAccessToken', () => {
  it('reads a token of ours', async () => {
    const sub = randomUUID()
    expect(await verify(await sign({}, ours.privateKey, { sub }))).toMatchObject({ keyId: 'ours', userId: sub })
  })

  it.each<[string, () => string | Promise<string>]>([
    ['alg none', () => forge({ ...header, alg: 'none' }, '')],
    ['alg None, with a signature', () => forge({ ...header, alg: 'None' }, 'AAAA')],
    ['alg nOnE', () => forge({ ...header, alg: 'nOnE' }, 'AAAA')],
    [
      'HS256 with the public key as PEM',
      async () => hmac({ ...header, alg: 'HS256' }, await exportSPKI(ours.publicKey)),
    ],
    [
      'HS256 with the public key as JWK',
      async () => hmac({ ...header, alg: 'HS256' }, JSON.stringify(await exportJWK(ours.publicKey))),
    ],
    ['the algorithm by its newer name', () => sign({ alg: 'Ed25519' })],
    ['its own key in the header', async () => sign({ jwk: await exportJWK(theirs.publicKey) }, theirs.privateKey)],
    ['a key set to fetch', () => sign({ jku: 'http://127.0.0.1:1/keys' })],
    ['a certificate', () => sign({ x5u: 'http://127.0.0.1:1/cert', x5c: ['AAAA'] })],
    ['no key id', () => sign({ kid: undefined })],
    ['a key id that is a number', () => forge({ ...header, kid: 5 }, 'AAAA')],
    ['a key id of 10 KB', () => forge({ ...header, kid: 'k'.repeat(10_000) }, 'AAAA')],
    ['a critical extension', () => forge({ ...header, crit: ['x'], x: 1 }, 'AAAA')],
    ['an unencoded payload', () => forge({ ...header, crit: ['b64'], b64: false }, 'AAAA')],
    ['no type', () => sign({ typ: undefined })],
    ['another type', () => sign({ typ: 'JWT' })],
    ['the type in upper case', () => sign({ typ: 'AT+JWT' })],
    ['the type with its prefix', () => sign({ typ: 'application/at+jwt' })],
  ])('refuses %s without looking for a key', async (_name, make) => {
    await expect(verify(await make())).rejects.toMatchObject({ code: 'token_invalid' })
    expect(asked).toEqual([])
  })

  it.each<[string, () => string | Promise<string>]>([
    ['a key id nobody has', () => sign({ kid: '../../etc/passwd' })],
    ['the signature of another key', () => sign({}, theirs.privateKey)],
    ['a signature that is too short', () => forge(header, 'AAAA')],
    ['a changed payload', async () => (await sign()).replace(/\.[^.]+\./, `.${encode(claimsOf())}.`)],
  ])('refuses %s', async (_name, make) => {
    await expect(verify(await make())).rejects.toMatchObject({ code: 'token_invalid' })
    expect(asked).toHaveLength(1)
  })

  it('says that a token of ours has expired', async () => {
    const iat = Math.floor(Date.now() / 1_000) - 700
    await expect(verify(await sign({}, ours.privateKey, { iat, exp: iat + 600 }))).rejects.toMatchObject({
      code: 'token_expired',
    })
  })

  it('takes the word of a token whose key is gone that it has expired, and that alone', async () => {
    const iat = Math.floor(Date.now() / 1_000) - 700
    const old = { kid: 'retired' }
    await expect(verify(await sign(old, theirs.privateKey, { iat, exp: iat + 600 }))).rejects.toMatchObject({
      code: 'token_expired',
    })
    for (const exp of [undefined, '0', iat + 0.5, -1, iat + 1_300, Number.MAX_SAFE_INTEGER]) {
      const token = forge({ ...header, ...old }, 'AAAA').replace(/\.[^.]+\./, `.${encode({ ...claimsOf(), exp })}.`)
      await expect(verify(token)).rejects.toMatchObject({ code: 'token_invalid' })
    }
    const noObject = forge({ ...header, ...old }, 'AAAA').replace(/\.[^.]+\./, `.${encode([1])}.`)
    await expect(verify(noObject)).rejects.toMatchObject({ code: 'token_invalid' })
  })

  it('passes on that no keys are known', async () => {
    const failing = { rules, keyFor: () => Promise.reject(new Error('no keys')) }
    await expect(verifyAccessToken(await sign(), failing)).rejects.toThrow('no keys')
  })
})
