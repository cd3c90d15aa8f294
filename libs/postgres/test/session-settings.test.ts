// A database's own settings do not reach those connections on which something depends on them.
import { createPool } from '@cairn/postgres'
import { administer, createEmptyDatabase } from '@cairn/testkit'
import { expect, it } from 'vitest'

const wanted = {
  array_nulls: ['off', 'on'],
  bytea_output: ['escape', 'hex'],
  datestyle: ['German, DMY', 'ISO, MDY'],
  default_transaction_isolation: ['serializable', 'read committed'],
  extra_float_digits: ['0', '1'],
  intervalstyle: ['sql_standard', 'postgres'],
  standard_conforming_strings: ['off', 'on'],
  synchronous_commit: ['off', 'on'],
  timezone: ['Pacific/Auckland', 'UTC'],
} as const

it.each(Object.entries(wanted))('%s', async (name, [set, expected]) => {
  const database = await createEmptyDatabase()
  await administer(database.url, `ALTER DATABASE ${database.name} SET ${name} = '${set}'`)
  const limits = { maxConnections: 1, connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 }
  const pool = createPool({ url: database.url, name: 'test', ...limits, onIdleError: () => undefined })
  const { rows } = await pool.query<{ value: string }>('SELECT current_setting($1) AS value', [name])
  await pool.end()
  await database.drop()
  expect(rows[0]?.value).toBe(expected)
})
