// In production only Apple may say who somebody is: a local issuer left in the environment would let anybody be anybody.
import { ConfigError } from '@cairn/runtime'
import type { AuthConfig } from './config.ts'

/** Apple's discovery document named the second one for a day in June 2025. */
const appleOrigins: readonly string[] = ['https://appleid.apple.com', 'https://account.apple.com']

type Trusted = Pick<AuthConfig, 'nodeEnv' | 'appleIssuers' | 'appleKeysUrl' | 'appleTokenUrl' | 'appleRevokeUrl'>

/** Throws `ConfigError` in production unless issuers, key set and endpoints are Apple's. */
export const refuseOtherIssuers = (config: Trusted): void => {
  const { nodeEnv, appleIssuers } = config
  if (nodeEnv !== 'production') return
  const faults: string[] = []
  if (!appleIssuers.every(issuer => appleOrigins.includes(issuer))) {
    faults.push(`APPLE_ISSUERS: with NODE_ENV=production expected nothing but ${appleOrigins.join(', ')}`)
  }
  for (const [name, url, path] of [
    ['APPLE_KEYS_URL', config.appleKeysUrl, '/auth/keys'],
    ['APPLE_TOKEN_URL', config.appleTokenUrl, '/auth/token'],
    ['APPLE_REVOKE_URL', config.appleRevokeUrl, '/auth/revoke'],
  ] as const) {
    if (appleOrigins.some(origin => url === `${origin}${path}`)) continue
    faults.push(`${name}: with NODE_ENV=production expected ${appleOrigins[0]}${path}`)
  }
  if (faults.length > 0) throw new ConfigError(faults)
}
