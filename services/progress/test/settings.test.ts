// What somebody may have set for progress's role changes neither what is stored, nor what is read, nor how safely.
import { databaseUrlOf } from '@cairn/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

const settings = [
  `datestyle = 'German, DMY'`,
  `intervalstyle = 'sql_standard'`,
  `timezone = 'Pacific/Auckland'`,
  'extra_float_digits = 0',
  'synchronous_commit = off',
  `default_transaction_isolation = 'serializable'`,
  'standard_conforming_strings = off',
  'array_nulls = off',
  `bytea_output = 'escape'`,
]

const setAll = async (serviceUrl: string): Promise<string> => {
  const { pathname, username } = new URL(serviceUrl)
  const database = pathname.slice(1)
  const client = new pg.Client({ connectionString: databaseUrlOf(inject('backends').databaseUrl, database) })
  await client.connect()
  for (const setting of settings) await client.query(`ALTER ROLE ${username} IN DATABASE ${database} SET ${setting}`)
  await client.end()
  return serviceUrl
}

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest({}, setAll)
})
afterAll(() => progress.stop())

describe('with settings of its role, progress', () => {
  it('reads times as they were written', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith({ occurred_at: '2024-03-01T10:00:00.000+01:00' }))
    await phone.submit(eventWith({ occurred_at: '2024-12-31T23:59:59.999-11:00' }))
    const { tracks, totals } = await phone.snapshot('Europe/Berlin')
    expect(tracks).toMatchObject([{ last_at: '2025-01-01T10:59:59.999Z' }])
    expect(totals.active_days).toBe(2)
    const { events } = await phone.changes({ since: 0 })
    expect(events.map(event => event.occurred_at)).toEqual([
      '2024-03-01T10:00:00.000+01:00',
      '2024-12-31T23:59:59.999-11:00',
    ])
  })

  it('knows an event again whose number has all digits', async () => {
    const phone = phoneOf(progress)
    const event = eventWith({ kind: 'advanced', percent: 33.333333333333336 })
    const statuses = []
    for (let time = 0; time < 2; time += 1) statuses.push((await phone.submit(event)).results[0]?.status)
    expect(statuses).toEqual(['applied', 'duplicate'])
  })
})

describe('progress does not start', () => {
  it.each([
    [{ PROGRESS_MAX_GROUPS_IN_FLIGHT: '2', PROGRESS_POOL_SIZE: '3' }, 'at least two below PROGRESS_POOL_SIZE'],
    [
      { PROGRESS_LOCK_TIMEOUT_MS: '1500', PROGRESS_HANDLER_TIMEOUT_MS: '1500' },
      'shorter than PROGRESS_HANDLER_TIMEOUT_MS',
    ],
  ])('with %o', async (environment, fault) => {
    await expect(progress.startAnother(environment)).rejects.toThrow(fault)
  })

  it('while the same with a little more room does', async () => {
    const another = await progress.startAnother({
      PROGRESS_MAX_GROUPS_IN_FLIGHT: '2',
      PROGRESS_POOL_SIZE: '4',
      PROGRESS_LOCK_TIMEOUT_MS: '1499',
      PROGRESS_HANDLER_TIMEOUT_MS: '1500',
    })
    expect(another.opsPort).toBeGreaterThan(0)
    await another.stop()
  })
})
