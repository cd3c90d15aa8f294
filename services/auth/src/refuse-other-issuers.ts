// In production only Apple may say who somebody is: a local issuer left in the environment would let anybody be anybody.
import { ConfigError } from '@cairn/runtime'
import type { AuthConfig } from './config.ts'

/** Apple's discovery document named the second one for a day in June 2025. */
const appleOrigins: readonly string[] = ['https://appleid.apple.com', 'https://account.apple.com']

type Trusted = Pick<AuthConfig, 'nodeEnv' | 'appleIssuers' | 'appleKeysUrl' | 'appleTokenUrl'>

/** Throws `ConfigError` in production unless issuers, key set and token endpoint are Apple's. */
export const refuseOtherIssuers = ({ nodeEnv, appleIssuers, appleKeysUrl, appleTokenUrl }: Trusted): void => {
  if (nodeEnv !== 'production') return
  const faults: string[] = []
  if (!appleIssuers.every(issuer => appleOrigins.includes(issuer))) {
    faults.push(`APPLE_ISSUERS: with NODE_ENV=production expected nothing but ${appleOrigins.join(', ')}`)
  }
  if (!appleOrigins.some(origin => appleKeysUrl === `${origin}/auth/keys`)) {
    faults.push(`APPLE_KEYS_URL: with NODE_ENV=production expected ${appleOrigins[0]}/auth/keys`)
  }
  if (!appleOrigins.some(origin => appleTokenUrl === `${origin}/auth/token`)) {
    faults.push(`APPLE_TOKEN_URL: with NODE_ENV=production expected ${appleOrigins[0]}/auth/token`)
  }
  if (faults.length > 0) throw new ConfigError(faults)
}
