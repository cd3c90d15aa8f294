// A database of its own for each test file: cloned from a template that is migrated once per run.
import { randomBytes } from 'node:crypto'
import pg from 'pg'

const beingCopied = '55006'

/** The same URL with another database (and, where given, another user). */
export const databaseUrlOf = (serverUrl: string, database: string, as?: { user: string; password: string }): string => {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  if (as !== undefined) Object.assign(url, { username: as.user, password: as.password })
  return url.href
}

/** Runs one statement as the server's administrator. */
export const administer = async (serverUrl: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

const createFromTemplate = async (serverUrl: string, template: string, database: string): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await administer(serverUrl, `CREATE DATABASE ${database} TEMPLATE ${template}`)
      return
    } catch (error) {
      const busy = error instanceof pg.DatabaseError && error.code === beingCopied
      if (!busy || attempt === 50) throw error
    }
  }
}

export interface TestDatabase {
  readonly name: string
  drop(): Promise<void>
}

export const createTestDatabase = async (serverUrl: string, template: string): Promise<TestDatabase> => {
  const name = `test_${randomBytes(6).toString('hex')}`
  await createFromTemplate(serverUrl, template, name)
  return { name, drop: () => administer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}
