// Auth put together. It serves once its signing keys are loaded, however long the database takes to come.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bus, keepIncidents, serve, type OutboxPublisher, type Serving } from '@cairn/bus'
import { createPool, createSchemaGate, isPassingAtStart } from '@cairn/postgres'
import { HealthState, startOpsServer, userHasher, type Logger, type RunningService } from '@cairn/runtime'
import type pg from 'pg'
import { AppleKeySet } from './apple/apple-key-set.ts'
import { appleCredentialsOf, type AppleCredentials } from './apple/client-secret.ts'
import { fetchAppleKeys } from './apple/fetch-apple-keys.ts'
import type { AuthConfig } from './config.ts'
import { deriveKeys, fingerprints } from './crypto/derive-key.ts'
import { SigningKeys } from './crypto/signing-keys.ts'
import { tokenLifeSeconds } from './domain/token-life.ts'
import { routesOf } from './handlers/index.ts'
import { AppleCodes } from './jobs/exchange-apple-codes.ts'
import { startKeepingKeysMoving, type KeyKeeper } from './jobs/keep-keys-moving.ts'
import { AppleRevocations } from './jobs/revoke-apple-grants.ts'
import { startPublishingEvents } from './jobs/publish-events.ts'
import { startSealingTokensAnew } from './jobs/seal-tokens-anew.ts'
import { refuseOtherIssuers } from './refuse-other-issuers.ts'

export interface RunningAuth extends RunningService {
  readonly opsPort: number
}

const databaseRetryMs = 500

const openPool = (config: AuthConfig, logger: Logger): pg.Pool =>
  createPool({
    url: config.databaseUrl,
    name: 'auth',
    logger,
    maxConnections: config.databaseConnections,
    connectTimeoutMs: config.connectTimeoutMs,
    statementTimeoutMs: config.statementTimeoutMs,
    gate: createSchemaGate({ schema: 'auth', directory: join(import.meta.dirname, 'migrations') }),
    onIdleError: error => logger.warn({ error }, 'lost a connection to the database'),
  })

const appleKeysOf = (config: AuthConfig, logger: Logger): AppleKeySet =>
  new AppleKeySet({
    logger,
    fetchKeys: () => fetchAppleKeys({ url: config.appleKeysUrl, timeoutMs: config.appleKeysTimeoutMs }),
    maxAgeSeconds: config.appleKeysMaxAgeSeconds,
    staleSeconds: config.appleKeysStaleSeconds,
    fetchFloorMs: config.appleKeysFetchFloorMs,
  })

/** Waits for a database that is down, or not migrated yet; anything else that is wrong with it is a reason not to start. */
const waitForSigningKeys = async (pool: pg.Pool, config: AuthConfig, logger: Logger): Promise<SigningKeys> => {
  const sealingKeys = deriveKeys(config, 'signingKeys')
  const rules = {
    rotationSeconds: config.keyRotationSeconds,
    publishSeconds: config.keyPublishSeconds,
    // Another replica may sign with it until it has looked again.
    previousSeconds: tokenLifeSeconds(config) + Math.ceil(config.keyCheckMs / 1_000),
  }
  for (;;) {
    try {
      return await SigningKeys.load({ pool, sealingKeys, rules })
    } catch (error) {
      if (!isPassingAtStart(error)) throw error
      logger.warn({ error }, 'the database cannot be used yet')
      await sleep(databaseRetryMs)
    }
  }
}

/** What the running service stands on; closed again in the opposite order. */
interface Foundations {
  readonly bus: Bus
  readonly pool: pg.Pool
  readonly signingKeys: SigningKeys
  readonly appleCredentials: AppleCredentials | undefined
}

const layFoundations = async (config: AuthConfig, logger: Logger): Promise<Foundations> => {
  const appleCredentials = await appleCredentialsOf(config)
  const { natsUrl: url, maxInFlight, incidentsPerSecond } = config
  const bus = await Bus.connect({ url, name: 'auth', logger, maxInFlight, incidentsPerSecond })
  const pool = openPool(config, logger)
  try {
    const signingKeys = await waitForSigningKeys(pool, config, logger)
    return { bus, pool, signingKeys, appleCredentials }
  } catch (error) {
    await pool.end()
    await bus.drain(0)
    throw error
  }
}

interface AtWork {
  readonly serving: Serving
  readonly events: OutboxPublisher
  readonly keys: KeyKeeper
  readonly codes: AppleCodes
  readonly revocations: AppleRevocations
  readonly sealing: { stop(): Promise<void> }
}

const appleGrantsOf = (
  config: AuthConfig,
  { bus, pool, appleCredentials }: Foundations,
): { codes: AppleCodes; revocations: AppleRevocations } => {
  const calls = {
    bus,
    pool,
    sealingKeys: deriveKeys(config, 'appleGrants'),
    credentials: appleCredentials,
    tokenUrl: config.appleTokenUrl,
    timeoutMs: config.appleExchangeTimeoutMs,
    pollMs: config.appleExchangePollMs,
  }
  const [revokeUrl, lifetimeSeconds] = [config.appleRevokeUrl, config.appleRevokeForSeconds]
  const revocations = new AppleRevocations({ ...calls, revokeUrl, lifetimeSeconds })
  return { codes: new AppleCodes({ ...calls, revocations }), revocations }
}

const serveAuth = (config: AuthConfig, logger: Logger, foundations: Foundations): AtWork => {
  const { bus, pool, signingKeys } = foundations
  const hashUser = userHasher(config.userHashKey)
  const refreshMacKeys = deriveKeys(config, 'refreshTokenMac')
  const { codes, revocations } = appleGrantsOf(config, foundations)
  const apple = { keys: appleKeysOf(config, logger), codes, revocations }
  const events = startPublishingEvents(bus, config)
  const keys = startKeepingKeysMoving({ bus, logger, signingKeys, checkEveryMs: config.keyCheckMs })
  const serving = serve(bus, {
    owner: 'auth',
    routes: routesOf({ config, logger, hashUser, pool, events, keys, refreshMacKeys, apple }),
    hashUser,
    handlerTimeoutMs: config.handlerTimeoutMs,
  })
  const sealing = startSealingTokensAnew({ bus, pool, masterKeys: config, everyMs: config.sealAnewEveryMs })
  return { serving, events, keys, codes, revocations, sealing }
}

/** Rejects with `ConfigError` in production unless it trusts Apple alone. */
export const startAuth = async (config: AuthConfig, logger: Logger): Promise<RunningAuth> => {
  refuseOtherIssuers(config)
  let foundations: Foundations | undefined
  const health = new HealthState({
    bus: () => foundations?.bus.connected === true,
    keys: () => foundations !== undefined,
  })
  const ops = await startOpsServer({ port: config.opsPort, host: config.opsHost }, health, logger.metrics)
  try {
    foundations = await layFoundations(config, logger)
  } catch (error) {
    await ops.close()
    throw error
  }
  const { bus, pool, signingKeys } = foundations
  const incidents = keepIncidents(bus, config)
  const { serving, ...jobs } = serveAuth(config, logger, foundations)
  // Whoever starts after this one may ask at once.
  await bus.nats.flush()
  const about = { ops_port: ops.port, key_id: signingKeys.current.kid, fingerprints: fingerprints(config) }
  logger.info(about, 'auth serves')
  const stop = async (): Promise<void> => {
    health.drain()
    await serving.stop()
    await bus.inFlight.settled(config.drainWindowMs)
    await Promise.all(Object.values(jobs).map(job => job.stop()))
    await incidents.stop()
    await bus.drain(0)
    await pool.end()
    await ops.close()
  }
  return { opsPort: ops.port, stop, crashed: incidents.crashed }
}
