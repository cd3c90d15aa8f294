// The baseline of the benchmark `verify`: keys, tokens like auth's, and jose's own `jwtVerify` with every option set that
// an application would set.
import { randomUUID } from 'node:crypto'
import type { PublicKey } from '@cairn/contracts'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'

export const issuer = 'cairn'
const keyId = 'bench'

export interface BareJose {
  readonly publicKey: PublicKey
  /** A token of a session of its own, good for ten minutes. */
  sign(): Promise<string>
  verify(token: string): Promise<void>
}

export const startBareJose = async (): Promise<BareJose> => {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  const { x = '' } = await exportJWK(pair.publicKey)
  const options = {
    issuer,
    audience: issuer,
    algorithms: ['EdDSA'],
    typ: 'at+jwt',
    requiredClaims: ['sub', 'sid', 'jti'],
  }
  return {
    publicKey: { kid: keyId, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x },
    sign: () => {
      const iat = Math.floor(Date.now() / 1_000)
      const ids = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID() }
      return new SignJWT({ iss: issuer, aud: issuer, ...ids, iat, exp: iat + 600 })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: keyId })
        .sign(pair.privateKey)
    },
    verify: async token => {
      await jwtVerify(token, pair.publicKey, options)
    },
  }
}
