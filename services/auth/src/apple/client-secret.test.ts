// Credentials as operators give them, and what Apple is shown.
import { generateKeyPairSync } from 'node:crypto'
import { ConfigError } from '@cairn/runtime'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { appleCredentialsOf, mintClientSecret } from './client-secret.ts'

const pem = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const given = (appleKeyId: string, applePrivateKey: string) => ({ appleTeamId: 'TEAM', appleKeyId, applePrivateKey })

describe('credentials', () => {
  it('may be left out', async () => {
    expect(await appleCredentialsOf(given('', ''))).toBeUndefined()
  })

  it.each<[string, (text: string) => string]>([
    ['PEM', text => text],
    ['base64', text => Buffer.from(text).toString('base64')],
  ])('as %s make a short-lived secret for one client id', async (_name, spell) => {
    const credentials = await appleCredentialsOf(given('KEYID', spell(pem('P-256'))))
    if (credentials === undefined) throw new Error('no credentials')
    const secret = await mintClientSecret(credentials, 'app')
    expect(decodeProtectedHeader(secret)).toEqual({ alg: 'ES256', kid: 'KEYID' })
    const { iat = 0, exp = 0, ...claims } = decodeJwt(secret)
    expect(claims).toEqual({ iss: 'TEAM', sub: 'app', aud: 'https://appleid.apple.com' })
    expect(exp - iat).toBe(300)
  })

  it.each([
    ['half', 'KEYID', ''],
    ['the other half', '', 'x'],
    ['no key', 'KEYID', 'garbage'],
    ['another curve', 'KEYID', pem('P-384')],
  ])('that are %s are refused without showing the key', async (_name, keyId, key) => {
    const refused = appleCredentialsOf(given(keyId, key))
    await expect(refused).rejects.toThrow(ConfigError)
    await expect(refused).rejects.not.toThrow(/garbage|BEGIN/)
  })
})
