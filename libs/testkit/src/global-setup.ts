// Once per run of the suite: a PostgreSQL with a migrated template and a Redis, in a directory that is gone afterwards.
import { join } from 'node:path'
import {
  createTestDirectory,
  deriveServiceUrls,
  providePostgres,
  provideRedis,
  removeTestDirectory,
  sweepAbandoned,
} from '@cairn/local'
import { findOwners, migrate } from '@cairn/postgres/migrate'
import type { TestProject } from 'vitest/node'
import { administer, databaseUrlOf } from './databases.ts'

export interface SharedBackends {
  /** The server's administrator, at its default database. */
  readonly databaseUrl: string
  /** A migrated database that nobody connects to; cloned for each file. */
  readonly template: string
  /** Shared by everybody, each under a prefix of its own. */
  readonly redisUrl: string
  /** What files may use for servers of their own. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
}

declare module 'vitest' {
  interface ProvidedContext {
    backends: SharedBackends
  }
}

const root = join(import.meta.dirname, '..', '..', '..')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const prepareTemplate = async (serverUrl: string, template: string): Promise<void> => {
  await administer(serverUrl, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`)
  await administer(serverUrl, `CREATE DATABASE ${template}`)
  const databaseUrl = databaseUrlOf(serverUrl, template)
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(databaseUrl, 'tests')
  const environment = { AUTH_DATABASE_URL: authDatabaseUrl, PROGRESS_DATABASE_URL: progressDatabaseUrl }
  const owners = findOwners(join(root, 'services'), databaseUrl, environment)
  await migrate({ databaseUrl, owners, say: () => undefined })
}

/** Vitest calls this before the first file; the function it returns after the last. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const parent = join(root, '.local')
  await sweepAbandoned(parent)
  const directory = createTestDirectory(parent)
  const postgres = await providePostgres({ directory, env: process.env, say, durable: false, maxConnections: 400 })
  const redis = await provideRedis({ directory, env: process.env, say })
  const template = `cairn_template_${process.pid}`
  const stop = async (): Promise<void> => {
    await administer(postgres.url, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`)
    await Promise.all([postgres.stop(), redis.stop()])
    await removeTestDirectory(directory)
  }
  try {
    await prepareTemplate(postgres.url, template)
  } catch (error) {
    await stop()
    throw error
  }
  const given = ['NATS_URL', 'REDIS_URL'].map(name => [name, process.env[name] ?? ''])
  const environment = Object.fromEntries(given) as Record<string, string>
  project.provide('backends', { databaseUrl: postgres.url, template, redisUrl: redis.url, directory, environment })
  return stop
}
