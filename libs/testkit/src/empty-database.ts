// An empty database of its own, for tests of what fills one.
import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { administer, databaseUrlOf } from './databases.ts'

export interface EmptyDatabase {
  readonly name: string
  /** As the server's administrator. */
  readonly url: string
  drop(): Promise<void>
}

export const createEmptyDatabase = async (): Promise<EmptyDatabase> => {
  const { databaseUrl } = inject('backends')
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(databaseUrl, `CREATE DATABASE ${name}`)
  const drop = (): Promise<void> => administer(databaseUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  return { name, url: databaseUrlOf(databaseUrl, name), drop }
}
