// Progress put together. It starts without its database and answers `unavailable` until that is there; one that has not been
// migrated is waited for.
import { join } from 'node:path'
import { Bus, keepIncidents, serve, type OutboxPublisher } from '@cairn/bus'
import { createPool, createSchemaGate, waitForSchema } from '@cairn/postgres'
import { HealthState, startOpsServer, userHasher, type Logger, type RunningService } from '@cairn/runtime'
import type pg from 'pg'
import { refuseUnreachableLimits, type ProgressConfig } from './config.ts'
import { startErasingDeletedUsers } from './consumers/on-user-deleted.ts'
import { routesOf } from './handlers/index.ts'
import { startPublishingChanges } from './jobs/publish-changes.ts'
import { commitGroup } from './store/commit-group.ts'
import { CommitQueue } from './store/commit-queue.ts'
import { inRequestOf, traceGroup } from './store/trace-group.ts'

export interface RunningProgress extends RunningService {
  readonly opsPort: number
}

/**
 * Every statement here looks up a few rows by key, and is prepared: a plan made while a table was small, which scans all of
 * it, would be kept while the table grows (measured: 23 000 rows read per group until the first ANALYZE).
 */
const plannerSettings = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
} as const

const connectPool = (config: ProgressConfig, logger: Logger): pg.Pool =>
  createPool({
    url: config.databaseUrl,
    name: 'progress',
    logger,
    maxConnections: config.poolSize,
    connectTimeoutMs: config.connectTimeoutMs,
    statementTimeoutMs: config.statementTimeoutMs,
    idleInTransactionMs: config.idleInTransactionMs,
    settings: { ...plannerSettings, lock_timeout: String(config.lockTimeoutMs) },
    gate: createSchemaGate({ schema: 'progress', directory: join(import.meta.dirname, 'migrations') }),
    onIdleError: error => logger.warn({ error }, 'an idle connection to Postgres broke'),
  })

const createCommitQueue = (
  config: ProgressConfig,
  { pool, publisher, logger }: { pool: pg.Pool; publisher: OutboxPublisher; logger: Logger },
): CommitQueue =>
  new CommitQueue({
    maxWaitingEvents: config.maxWaitingEvents,
    maxGroupEvents: config.maxGroupEvents,
    maxGroupsInFlight: config.maxGroupsInFlight,
    besideEvents: config.groupBesideEvents,
    besideAfterMs: config.groupBesideAfterMs,
    lockTimeoutMs: config.lockTimeoutMs,
    commit: (group, wait) =>
      traceGroup(logger.recorder, group, () => commitGroup(pool, group, { nowMs: Date.now(), wait })),
    onCommitted: messages => publisher.outboxFilled(messages),
    onGroupFailed: (error, group) =>
      inRequestOf(group, () =>
        logger.warn({ error, requests: group.length }, 'a group failed; trying its requests alone'),
      ),
    onSetAside: group =>
      inRequestOf(group, () =>
        logger.warn({ requests: group.length }, 'somebody else has locked logs; their requests wait aside'),
      ),
  })

/**
 * Resolves once requests are served, which needs NATS. Ready as long as NATS is connected: requests come over the bus, so
 * being unready would keep none of them away, and one that finds no database is answered `unavailable` at once.
 */
export const startProgress = async (config: ProgressConfig, logger: Logger): Promise<RunningProgress> => {
  refuseUnreachableLimits(config)
  let connected: Bus | undefined
  const health = new HealthState({ bus: () => connected?.connected === true })
  const ops = await startOpsServer({ port: config.opsPort, host: config.opsHost }, health, logger.metrics)
  const { natsUrl: url, maxInFlight, incidentsPerSecond } = config
  const bus = await Bus.connect({ url, name: 'progress', logger, maxInFlight, incidentsPerSecond })
  const pool = connectPool(config, logger)
  try {
    await waitForSchema(pool, error => logger.warn({ error }, 'waiting for the schema'))
  } catch (error) {
    await Promise.all([pool.end(), bus.drain(0), ops.close()])
    throw error
  }
  const incidents = keepIncidents(bus, config)
  const publisher = startPublishingChanges(bus, config)
  const commits = createCommitQueue(config, { pool, publisher, logger })
  logger.metrics.gauge('cairn.commit_queue.events', () => commits.waitingEvents)
  const hashUser = userHasher(config.userHashKey)
  const erasing = startErasingDeletedUsers({ bus, pool, config, logger, hashUser })
  const serving = serve(bus, {
    owner: 'progress',
    routes: routesOf({ pool, commits, logger, now: Date.now }),
    hashUser,
    handlerTimeoutMs: config.handlerTimeoutMs,
  })
  // So that NATS knows of it: what is asked from now on may come here.
  await bus.nats.flush()
  connected = bus
  logger.info({ ops_port: ops.port }, 'progress serves')
  const stop = async (): Promise<void> => {
    health.drain()
    await Promise.all([serving.stop(), erasing.stop()])
    await bus.inFlight.settled(config.drainWindowMs)
    commits.tell()
    await publisher.stop()
    await incidents.stop()
    await bus.drain(0)
    await pool.end()
    await ops.close()
  }
  return { opsPort: ops.port, stop, crashed: incidents.crashed }
}
