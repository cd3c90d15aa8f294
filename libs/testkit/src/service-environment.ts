// What services need in their environment to run as a test's: free ports, loopback, the local Apple issuer.
import { gatewayVariables } from '@cairn/gateway/config'
import { realtimeVariables } from '@cairn/realtime/config'
import { deriveServiceUrls } from '@cairn/local'
import type { Environment } from '@cairn/runtime'

const testKey = (letter: string): string => Buffer.alloc(32, letter).toString('base64url')

/** Tests come from one address, many at once; those that are about limits set their own. */
const wideLimits: Environment = {
  ...Object.fromEntries(
    Object.values({ ...gatewayVariables, ...realtimeVariables })
      .filter(({ name }) => /^(GATEWAY_LIMIT|REALTIME_HANDSHAKES)_.*(ADDRESS|SUBJECT|SESSION|USER)$/.test(name))
      .map(({ name }) => [name, '100000000']),
  ),
  GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '10000',
  GATEWAY_MAX_RECEIVING_REQUESTS_PER_ADDRESS: '2000',
}

export const testClientId = 'app.cairn.test'

export interface ServerUrls {
  /** The migrator's. */
  readonly database: string
  readonly nats: string
  readonly redis: string
  /** The issuer of the local Apple. */
  readonly apple: string
  /** Where incidents wait that the bus cannot take. */
  readonly spool: string
}

/** For every service at once; `changes` win. */
export const serviceEnvironment = (urls: ServerUrls, changes: Environment = {}): Environment => {
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(urls.database, 'tests')
  return {
    NODE_ENV: 'test',
    NATS_URL: urls.nats,
    REDIS_URL: urls.redis,
    USER_HASH_KEY: testKey('u'),
    INCIDENT_SPOOL_DIRECTORY: urls.spool,
    DRAIN_WINDOW_MS: '500',
    OPS_HOST: '127.0.0.1',
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: '0',
    GATEWAY_OPS_PORT: '0',
    GATEWAY_DRAIN_NOTICE_MS: '0',
    ...wideLimits,
    AUTH_DATABASE_URL: authDatabaseUrl,
    AUTH_OPS_PORT: '0',
    AUTH_MASTER_KEY: testKey('m'),
    APPLE_ISSUERS: urls.apple,
    APPLE_KEYS_URL: `${urls.apple}/auth/keys`,
    APPLE_TOKEN_URL: `${urls.apple}/auth/token`,
    APPLE_REVOKE_URL: `${urls.apple}/auth/revoke`,
    APPLE_CLIENT_IDS: testClientId,
    APPLE_TEAM_ID: 'TESTTEAM00',
    PROGRESS_DATABASE_URL: progressDatabaseUrl,
    PROGRESS_OPS_PORT: '0',
    REALTIME_HOST: '127.0.0.1',
    REALTIME_PORT: '0',
    REALTIME_OPS_PORT: '0',
    JANITOR_OPS_PORT: '0',
    ...changes,
  }
}
