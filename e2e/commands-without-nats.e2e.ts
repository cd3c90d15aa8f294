// An operator's command on a bus that does not let it in: a line that says so, and an end, instead of waiting for NATS as
// services do.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { deriveNatsUrl, type Backend } from '@cairn/local'
import { startTestBus } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

let nats: Backend
/** Takes connections and says nothing. */
let silent: Server
beforeAll(async () => {
  nats = await startTestBus()
  silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterAll(async () => {
  silent.close()
  await nats.stop()
})

const commands = [
  ['janitor', ['--once']],
  ['rotate-keys', []],
  ['account', ['show', randomUUID()]],
  ['incident', ['list']],
] as const

it.each(commands)(
  '%s: NATS is down, or knows another password',
  async (name, args) => {
    const down = await runCommand(name, { NATS_URL: 'nats://operator:secret@127.0.0.1:1' }, ...args)
    expect(down).toEqual({ code: 1, output: 'NATS at 127.0.0.1:1 cannot be reached\n' })
    const url = new URL(deriveNatsUrl(nats.url, 'operator'))
    url.password = 'another'
    const refused = await runCommand(name, { NATS_URL: url.href }, ...args)
    expect(refused).toEqual({ code: 1, output: `NATS at ${url.host} refuses the user of the URL\n` })
  },
  60_000,
)

it('janitor --once: what listens there never answers', async () => {
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  const environment = { NATS_URL: `nats://operator:secret@${host}`, JANITOR_CONNECT_TIMEOUT_MS: '300' }
  expect(await runCommand('janitor', environment, '--once')).toEqual({
    code: 1,
    output: `NATS at ${host} cannot be reached\n`,
  })
}, 60_000)
