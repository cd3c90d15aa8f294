// An operator's orders as they are given, by the command, to the nodes of a fleet and the phones on them.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createCairnClient, type CairnClient } from '@cairn/client'
import type { Session } from '@cairn/contracts'
import { deriveNatsUrl } from '@cairn/local'
import { createTestDatabase, databaseUrlOf, eventually, type TestDatabase } from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runCommand, type Ran } from './run-command.ts'

interface Phone {
  readonly client: CairnClient
  readonly notices: string[]
  readonly statuses: string[]
}

const REDIS_KEY_PREFIX = `operators-${randomUUID()}`
let database: TestDatabase
let fleet: Fleet
let phones: Phone[]

const open = async (port: number): Promise<Phone> => {
  const [notices, statuses]: [string[], string[]] = [[], []]
  const client = createCairnClient({
    gatewayUrl: fleet.gatewayUrl,
    realtimeUrl: `http://127.0.0.1:${port}`,
    onNotice: ({ text }) => notices.push(text),
    onStatus: status => statuses.push(status),
    backoff: { firstMs: 20, mostMs: 200 },
  })
  await client.signInAsGuest()
  client.connect()
  await eventually(() => expect(client.status).toBe('live'))
  return { client, notices, statuses }
}

beforeAll(async () => {
  const { databaseUrl, template, directory, environment: given } = inject('backends')
  database = await createTestDatabase(databaseUrl, template)
  fleet = await startFleet({
    directory: join(directory, database.name),
    databaseUrl: databaseUrlOf(databaseUrl, database.name),
    given,
    replicas: { janitor: 0, realtime: 2 },
    environment: { REDIS_KEY_PREFIX },
  })
  phones = await Promise.all(fleet.of('realtime').map(({ port }) => open(port)))
}, 60_000)
afterAll(async () => {
  for (const { client } of phones) client.disconnect()
  await fleet.stop()
  await database.drop()
})

const order = (...args: string[]): Promise<Ran> =>
  runCommand('realtime', { REDIS_URL: fleet.redis.url, REDIS_KEY_PREFIX }, ...args)

it('a notice reaches the phones on every node', async () => {
  expect(await order('notice', 'Back in 5 minutes')).toEqual({
    code: 0,
    output: 'a node told 1 connections\n'.repeat(2),
  })
  for (const { notices } of phones) await eventually(() => expect(notices).toEqual(['Back in 5 minutes']))
})

it('a disconnected user comes back by themselves, nobody else is disturbed', async () => {
  const [first, second] = phones
  const userId = first?.client.session?.user.id ?? ''
  const { code, output } = await order('disconnect', userId)
  expect(code).toBe(0)
  expect(output.split('\n').toSorted()).toEqual([
    '',
    'a node disconnected 0 connections',
    'a node disconnected 1 connections',
  ])
  await eventually(() => expect(first?.statuses.filter(status => status === 'live')).toHaveLength(2))
  expect(second?.statuses.filter(status => status === 'live')).toHaveLength(1)
})

it.each([
  [[]],
  [['notice']],
  [['notice', ' ']],
  [['notice', 'x'.repeat(1_001)]],
  [['disconnect', 'everybody']],
  [['stop', 'x']],
])('what is no order is answered with how to give one: %j', async args => {
  const { code, output } = await order(...args)
  expect(code).toBe(1)
  expect(output).toContain('usage: npm run realtime')
})

it('says so when no node listens, and when Redis is not there', async () => {
  const nobody = await runCommand('realtime', { REDIS_URL: fleet.redis.url, REDIS_KEY_PREFIX: 'nobody' }, 'notice', 'x')
  expect(nobody).toEqual({ code: 1, output: 'no realtime node listens\n' })
  const away = await runCommand('realtime', { REDIS_URL: 'redis://:password@127.0.0.1:1' }, 'notice', 'x')
  expect(away).toEqual({ code: 1, output: 'Redis at 127.0.0.1:1 cannot be reached\n' })
}, 30_000)

describe('an account', () => {
  const orderAbout = (...args: string[]): Promise<Ran> =>
    runCommand('account', { NATS_URL: deriveNatsUrl(fleet.nats.url, 'operator') }, ...args)
  const sessionOf = ({ client }: Phone): Session => client.session as Session
  const portOfFirst = (): number => fleet.of('realtime')[0]?.port ?? 0

  it('is shown, signed out and deleted; its phone is told each time, and its progress goes with it', async () => {
    const phone = await open(portOfFirst())
    const { user, session_id: id } = sessionOf(phone)
    const occurredAt = new Date().toISOString()
    const event = { event_id: randomUUID(), track_id: 'course', item_id: 'lesson', kind: 'completed' }
    await phone.client.record({ ...event, occurred_at: occurredAt })
    const admin = new pg.Client({ connectionString: fleet.databaseUrl })
    await admin.connect()
    const log = 'SELECT 1 FROM progress.events WHERE user_id = $1'
    const eventsOf = async (userId: string): Promise<number | null> => (await admin.query(log, [userId])).rowCount
    await eventually(async () => expect(await eventsOf(user.id)).toBe(1))
    const shown = await orderAbout('show', user.id.toUpperCase())
    expect(shown.code).toBe(0)
    expect(shown.output).toMatch(new RegExp(`^${user.id}: a guest; since .+\n  session ${id} on .+\n$`))

    expect(await orderAbout('sign-out', user.id)).toEqual({ code: 0, output: 'signed out everywhere\n' })
    await eventually(() => expect(phone.client.session).toBeUndefined())
    expect((await orderAbout('show', user.id)).output).toContain('signed in nowhere')

    expect(await orderAbout('delete', user.id, '--yes')).toEqual({
      code: 0,
      output: 'deleted; progress is being erased\n',
    })
    await eventually(async () => expect(await eventsOf(user.id)).toBe(0))
    await admin.end()
    expect(await orderAbout('show', user.id)).toEqual({ code: 1, output: 'there is no such user\n' })
  }, 60_000)

  it.each([[['--help']], [['show', 'somebody']], [['sign-out', randomUUID(), '--yes']], [['delete', randomUUID()]]])(
    'what is no order is answered with how to give one: %j',
    async args => {
      const { code, output } = await orderAbout(...args)
      expect(code).toBe(1)
      expect(output).toContain('usage: npm run account')
    },
  )
})
