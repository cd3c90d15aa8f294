// A fleet is real: its members serve, die by the hand of a test, and come back on their ports.
import { join } from 'node:path'
import { createTestDatabase, databaseUrlOf, eventually, type TestDatabase } from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'

let database: TestDatabase
let fleet: Fleet

beforeAll(async () => {
  const { databaseUrl, template, directory, environment: given } = inject('backends')
  database = await createTestDatabase(databaseUrl, template)
  const own = { directory: join(directory, database.name), databaseUrl: databaseUrlOf(databaseUrl, database.name) }
  fleet = await startFleet({ ...own, given, replicas: { gateway: 2, janitor: 0, realtime: 0 } })
}, 60_000)
afterAll(async () => {
  await fleet.stop()
  await database.drop()
})

const guest = async (port: number): Promise<number> => {
  const url = `http://127.0.0.1:${port}/api/v1/auth/guest`
  return fetch(url, { method: 'POST' }).then(
    answer => answer.status,
    () => 0,
  )
}

it('serves on every replica, one killed aside, and on that again once it is back', async () => {
  const [first, second] = fleet.of('gateway')
  if (first === undefined || second === undefined) throw new Error('no gateways')
  expect([await guest(first.port), await guest(second.port)]).toEqual([200, 200])
  await first.kill()
  expect([await guest(first.port), await guest(second.port)]).toEqual([0, 200])
  await first.restart()
  expect(await guest(first.port)).toBe(200)
})

it('answers 503 while its owner is frozen, and then as before', async () => {
  const [auth] = fleet.of('auth')
  auth?.freeze()
  expect(await guest(fleet.of('gateway')[0]?.port ?? 0)).toBe(503)
  auth?.thaw()
  await eventually(async () => expect(await guest(fleet.of('gateway')[0]?.port ?? 0)).toBe(200))
}, 20_000)
