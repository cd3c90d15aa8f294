// A database for one check: on a private server that is gone afterwards, or on the one that DATABASE_URL names.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createTestDirectory, providePostgres, removeTestDirectory } from '@cairn/local'
import pg from 'pg'

const administer = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Runs `work` with the URL of an empty database. */
export const withThrowAwayDatabase = async <T>(root: string, work: (databaseUrl: string) => Promise<T>): Promise<T> => {
  const directory = createTestDirectory(join(root, '.local'))
  const server = await providePostgres({ directory, env: process.env, say: () => undefined, durable: false })
  const name = `check_${randomBytes(6).toString('hex')}`
  try {
    await administer(server.url, `CREATE DATABASE ${name}`)
    const url = new URL(server.url)
    url.pathname = `/${name}`
    return await work(url.href)
  } finally {
    await administer(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await server.stop()
    await removeTestDirectory(directory)
  }
}
