// What proves to Apple that we are the app: a short-lived token signed with the team's key, made anew for every call. One
// made in advance would expire silently.
import { createPrivateKey } from 'node:crypto'
import { ConfigError } from '@cairn/runtime'
import { importPKCS8, SignJWT, type CryptoKey } from 'jose'
import type { AuthConfig } from '../config.ts'

export interface AppleCredentials {
  readonly teamId: string
  readonly keyId: string
  readonly privateKey: CryptoKey
}

const audience = 'https://appleid.apple.com'
const lifetimeSeconds = 300

const pemOf = (text: string): string =>
  text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('utf8')

const refuse = (reason: string): never => {
  throw new ConfigError([`APPLE_PRIVATE_KEY: ${reason}`])
}

/** Undefined when none are configured. Rejects with `ConfigError` for half of them, and for a key that is not Apple's kind. */
export const appleCredentialsOf = async (
  config: Pick<AuthConfig, 'appleTeamId' | 'appleKeyId' | 'applePrivateKey'>,
): Promise<AppleCredentials | undefined> => {
  const { appleTeamId: teamId, appleKeyId: keyId, applePrivateKey } = config
  if (keyId === '' && applePrivateKey === '') return undefined
  if (keyId === '' || applePrivateKey === '') return refuse('expected together with APPLE_KEY_ID, or neither')
  try {
    const pem = createPrivateKey(pemOf(applePrivateKey)).export({ type: 'pkcs8', format: 'pem' })
    return { teamId, keyId, privateKey: await importPKCS8(String(pem), 'ES256') }
  } catch {
    return refuse('expected a P-256 private key as PEM, or that as base64')
  }
}

/** For calls on behalf of this client id. */
export const mintClientSecret = ({ teamId, keyId, privateKey }: AppleCredentials, clientId: string): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setIssuer(teamId)
    .setSubject(clientId)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(`${lifetimeSeconds}s`)
    .sign(privateKey)
