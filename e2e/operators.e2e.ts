// An operator's orders as they are given, by the command, to the nodes of a fleet and the phones on them.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createCairnClient, type CairnClient } from '@cairn/client'
import { createTestDatabase, databaseUrlOf, eventually, type TestDatabase } from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
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
