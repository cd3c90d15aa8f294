// The processes of the stack as data: what to run, with which environment, and where to ask whether it is ready.
import { authVariables } from '@cairn/auth/config'
import { streamVariables } from '@cairn/bus/provision'
import { gatewayVariables } from '@cairn/gateway/config'
import { janitorVariables } from '@cairn/janitor/config'
import { progressVariables } from '@cairn/progress/config'
import { realtimeVariables } from '@cairn/realtime/config'
import type { Environment, VariableTable } from '@cairn/runtime'
import { appleIssuerVariables } from '../apple-issuer/apple-issuer-variables.ts'
import type { Backends } from '../provision/backends.ts'
import { freePort } from '../provision/free-port.ts'
import type { Secrets } from '../provision/secrets.ts'
import { deriveNatsUrl, deriveServiceUrls } from '../service-urls.ts'
import { portsOf, type StackConfig } from './stack-config.ts'

export interface ServicePlan {
  readonly name: string
  /** Relative to the clone. */
  readonly script: string
  /** What the process reads from its environment. */
  readonly variables: VariableTable
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>
  /** Answers 200 once it can serve. */
  readonly readyUrl: string
}

export interface StackContext {
  readonly environment: Environment
  readonly config: StackConfig
  readonly secrets: Secrets
  readonly backends: Pick<Backends, 'databaseUrl' | 'natsUrl' | 'redisUrl'>
  /** Holds what a process of the stack keeps in files. */
  readonly directory: string
}

/** What every process may see of the developer's environment. */
const everywhere =
  /^(PATH|HOME|TZ|TMPDIR|LOG_LEVEL|OPS_HOST|DRAIN_WINDOW_MS|CLOCK_SKEW_S|INCIDENTS_PER_SECOND|TRUSTED_PROXIES|(NODE|OTEL|ACCESS_TOKEN|INCIDENT|FLIGHT_RECORDER|REDIS|LIMITS)_.*)$/

const passed = ({ environment }: StackContext, also: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && value !== '' && (everywhere.test(name) || also.some(prefix => name.startsWith(prefix)))
        ? [[name, value]]
        : [],
    ),
  )

/** Later ones win: ours are defaults, the developer's own variables stand. */
const environmentFor = (context: StackContext, ours: Readonly<Record<string, string>>, also: readonly string[]) => ({
  NODE_ENV: 'development',
  OPS_HOST: '127.0.0.1',
  DRAIN_WINDOW_MS: '1000',
  // Every process loads much the same modules: compiled once, a start takes two thirds of the time.
  NODE_COMPILE_CACHE: `${context.directory}/compile-cache`,
  INCIDENT_SPOOL_DIRECTORY: `${context.directory}/incidents`,
  ...ours,
  ...passed(context, also),
})

const serviceUrls = ({ backends, secrets }: StackContext): Record<string, string> => {
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(backends.databaseUrl, secrets.roleKey)
  return { AUTH_DATABASE_URL: authDatabaseUrl, PROGRESS_DATABASE_URL: progressDatabaseUrl }
}

/** What commands need to reach the stack from outside. */
export const backendEnvironment = (context: StackContext): Record<string, string> => ({
  DATABASE_URL: context.backends.databaseUrl,
  MIGRATE_NATS_URL: deriveNatsUrl(context.backends.natsUrl, 'provisioner'),
  NATS_URL: deriveNatsUrl(context.backends.natsUrl, 'operator'),
  REDIS_URL: context.backends.redisUrl,
  USER_HASH_KEY: context.secrets.userHashKey,
  ...serviceUrls(context),
})

const streamNames = Object.values(streamVariables).map(({ name }) => name)

export const migrationEnvironment = (context: StackContext): Record<string, string> => {
  const { databaseUrl, natsUrl } = context.backends
  const ours = { ...serviceUrls(context), MIGRATE_NATS_URL: deriveNatsUrl(natsUrl, 'provisioner') }
  const also = ['AUTH_DATABASE_URL', 'PROGRESS_DATABASE_URL', 'MIGRATE_', ...streamNames]
  return { ...environmentFor(context, ours, also), DATABASE_URL: databaseUrl }
}

type Variables = Readonly<Record<string, string>>

/** For many phones on one developer's machine; the defaults are for production. */
const widerLimits = {
  gateway: {
    GATEWAY_LIMIT_PER_ADDRESS: '6000000',
    GATEWAY_LIMIT_SIGN_IN_PER_ADDRESS: '3000',
    GATEWAY_LIMIT_SIGN_IN_PER_SUBJECT: '60000',
    GATEWAY_LIMIT_FAILURES_PER_ADDRESS: '60000',
    GATEWAY_LIMIT_REFRESH_PER_ADDRESS: '600000',
    GATEWAY_LIMIT_REFRESH_PER_SESSION: '60000',
    GATEWAY_LIMIT_NOTIFICATIONS_PER_ADDRESS: '60000',
    GATEWAY_LIMIT_PER_USER: '6000000',
    GATEWAY_LIMIT_EVENTS_PER_USER: '1000000',
    GATEWAY_LIMIT_EVENTS_WINDOW_S: '60',
    GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '10000',
    GATEWAY_MAX_RECEIVING_REQUESTS_PER_ADDRESS: '2000',
    GATEWAY_MAX_HELD_BODY_BYTES_PER_ADDRESS: '67108864',
  },
  realtime: {
    REALTIME_SOCKETS_PER_USER: '100',
    REALTIME_HANDSHAKES_PER_USER: '60000',
    REALTIME_HANDSHAKES_PER_ADDRESS: '600000',
    // So that the frames of a client can be raised by themselves.
    REALTIME_PACKETS_PER_MINUTE: '1000000',
  },
} as const satisfies Record<string, Variables>

/** The limits that the stack widens; what is set by hand is not ours to tell. */
export const widenedLimits = (environment: Environment): Variables =>
  Object.fromEntries(
    Object.values(widerLimits)
      .flatMap(limits => Object.entries(limits))
      .filter(([name]) => (environment[name] ?? '') === ''),
  )

const variablesOf = (context: StackContext): Readonly<Record<string, Variables>> => {
  const { config, backends, secrets } = context
  const { AUTH_DATABASE_URL = '', PROGRESS_DATABASE_URL = '' } = serviceUrls(context)
  const issuer = `http://127.0.0.1:${config.appleIssuerPort}`
  const redis = { REDIS_URL: backends.redisUrl }
  return {
    gateway: {
      GATEWAY_PORT: String(config.gatewayPort),
      // There is no balancer that would have to see it leave.
      GATEWAY_DRAIN_NOTICE_MS: '0',
      ...redis,
      ...widerLimits.gateway,
    },
    auth: {
      AUTH_DATABASE_URL,
      AUTH_MASTER_KEY: secrets.authMasterKey,
      APPLE_KEYS_URL: `${issuer}/auth/keys`,
      APPLE_TOKEN_URL: `${issuer}/auth/token`,
      APPLE_REVOKE_URL: `${issuer}/auth/revoke`,
      APPLE_ISSUERS: issuer,
      APPLE_CLIENT_IDS: 'app.cairn.local',
      APPLE_TEAM_ID: 'LOCALTEAM0',
    },
    progress: { PROGRESS_DATABASE_URL },
    realtime: { REALTIME_PORT: String(config.realtimePort), ...redis, ...widerLimits.realtime },
    janitor: {},
  }
}

interface ServiceSource {
  readonly variables: VariableTable
  /** 0: a free one is chosen. */
  readonly opsPort: number
}

const sourcesOf = (config: StackConfig): Readonly<Record<string, ServiceSource>> => ({
  gateway: { variables: gatewayVariables, opsPort: config.gatewayOpsPort },
  auth: { variables: authVariables, opsPort: config.authOpsPort },
  progress: { variables: progressVariables, opsPort: config.progressOpsPort },
  realtime: { variables: realtimeVariables, opsPort: config.realtimeOpsPort },
  janitor: { variables: janitorVariables, opsPort: config.janitorOpsPort },
})

/** Cairn's five services. */
export const planServices = async (context: StackContext): Promise<readonly ServicePlan[]> => {
  const { config, backends, secrets } = context
  const common = { USER_HASH_KEY: secrets.userHashKey }
  const own = variablesOf(context)
  const taken = new Set(portsOf(config).values())
  const plans: ServicePlan[] = []
  for (const [name, { variables, opsPort: given }] of Object.entries(sourcesOf(config))) {
    const prefix = `${name.toUpperCase()}_`
    const opsPort = given || (await freePort(taken))
    taken.add(opsPort)
    const ours = {
      ...common,
      NATS_URL: deriveNatsUrl(backends.natsUrl, name),
      ...own[name],
      [`${prefix}OPS_PORT`]: String(opsPort),
    }
    const also = [prefix, 'USER_HASH_KEY', ...(name === 'auth' ? ['APPLE_'] : [])]
    plans.push({
      name,
      script: `services/${name}/src/main.ts`,
      variables,
      env: environmentFor(context, ours, also),
      readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
    })
  }
  return plans
}

export const planAppleIssuer = (context: StackContext): ServicePlan => {
  const { config, directory } = context
  const ours = {
    APPLE_ISSUER_PORT: String(config.appleIssuerPort),
    APPLE_CLIENT_IDS: 'app.cairn.local',
    APPLE_KEYS_FILE: `${directory}/apple-keys.json`,
  }
  return {
    name: 'apple-issuer',
    script: 'deploy/local/src/apple-issuer/main.ts',
    variables: appleIssuerVariables,
    env: environmentFor(context, ours, ['APPLE_']),
    readyUrl: `http://127.0.0.1:${config.appleIssuerPort}/readyz`,
  }
}
