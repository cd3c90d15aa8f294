// Everything that can be set of `npm run migrate`.
import { streamVariables } from '@cairn/bus/provision'
import { variable } from '@cairn/runtime'

export const migrateVariables = {
  databaseUrl: variable.postgresUrl('DATABASE_URL', {
    description: 'the database to migrate, as the user that owns the tables; no service connects as that one',
  }),
  authDatabaseUrl: variable.postgresUrl('AUTH_DATABASE_URL', {
    namesUser: true,
    fallback: '',
    description:
      "what auth connects with: its user is the role that sees auth's schema; empty: cairn_auth without a password",
  }),
  progressDatabaseUrl: variable.postgresUrl('PROGRESS_DATABASE_URL', {
    namesUser: true,
    fallback: '',
    description: 'the same for progress; empty: cairn_progress without a password',
  }),
  statementTimeoutMs: variable.integer('MIGRATE_STATEMENT_TIMEOUT_MS', {
    min: 1_000,
    max: 86_400_000,
    fallback: 900_000,
    description: 'longest run of one statement of a migration',
  }),
  lockTimeoutMs: variable.integer('MIGRATE_LOCK_TIMEOUT_MS', {
    min: 10,
    max: 600_000,
    fallback: 5_000,
    description: 'longest wait for a lock on a table, for which its readers wait too; then they are let by, ten times',
  }),
  natsUrl: variable.natsUrl('MIGRATE_NATS_URL', {
    fallback: '',
    description: 'the bus, as the user that makes streams, `provisioner`; when it is not set they are left alone',
  }),
  natsWaitMs: variable.integer('MIGRATE_NATS_WAIT_MS', {
    min: 0,
    max: 3_600_000,
    fallback: 60_000,
    description: 'longest wait for NATS to be there and to take the streams; a cluster needs a moment to find itself',
  }),
  ...streamVariables,
  waitMs: variable.integer('MIGRATE_WAIT_MS', {
    min: 0,
    max: 86_400_000,
    fallback: 300_000,
    description: 'longest wait for another runner to finish',
  }),
} as const
