// Rebuilding as an operator runs it: what cannot be mended is said, and the command fails each time.
import { randomUUID } from 'node:crypto'
import { deriveServiceUrls } from '@cairn/local'
import { createTestDatabase, databaseUrlOf, type TestDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { runCommand } from './run-command.ts'

let database: TestDatabase
let url: string
beforeAll(async () => {
  const { databaseUrl, template } = inject('backends')
  database = await createTestDatabase(databaseUrl, template)
  url = deriveServiceUrls(databaseUrlOf(databaseUrl, database.name), 'tests').progressDatabaseUrl
})
afterAll(() => database.drop())

it('fails for as long as the end of a log is missing', async () => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const userId = randomUUID()
  await client.query('INSERT INTO progress.heads (user_id, seq) VALUES ($1, 2)', [userId])
  await client.end()
  for (const args of [['--all', '--dry-run'], ['--all'], ['--user', userId]]) {
    const { code, output } = await runCommand('rebuild', { PROGRESS_DATABASE_URL: url }, ...args)
    expect(output).toContain(`user ${userId}: the log has no event 1 to 2; only a backup has`)
    expect(output).toContain('1 logs are not whole')
    expect(code).toBe(1)
  }
}, 60_000)

it.each([['--help'], ['--dry-run'], ['now']])(
  'new-epoch %s begins none',
  async argument => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const epoch = async (): Promise<unknown> => (await client.query('SELECT epoch FROM progress.epoch')).rows
    const before = await epoch()
    const environment = { PROGRESS_DATABASE_URL: url }
    expect((await runCommand('new-epoch', environment, argument)).code).toBe(1)
    expect(await epoch()).toEqual(before)
    expect((await runCommand('new-epoch', environment)).code).toBe(0)
    expect(await epoch()).not.toEqual(before)
    await client.end()
  },
  60_000,
)
