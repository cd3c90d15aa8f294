// Every service that is started before NATS: alive and not ready, says what it waits for, and leaves when it is told to.
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from '@cairn/local'
import { eventually } from '@cairn/testkit'
import { serviceEnvironment } from '@cairn/testkit/service-environment'
import { afterEach, expect, it } from 'vitest'

const nowhere = {
  database: 'postgres://cairn:secret@127.0.0.1:1/cairn',
  nats: 'nats://user:secret@127.0.0.1:1',
  redis: 'redis://127.0.0.1:1',
  apple: 'http://127.0.0.1:1',
  spool: '/nonexistent/spool',
}
let child: ChildProcess | undefined
afterEach(() => void child?.kill('SIGKILL'))

it.each(['gateway', 'auth', 'progress', 'realtime', 'janitor'])(
  '%s',
  async service => {
    const port = String(await freePort())
    const env = serviceEnvironment(nowhere, { [`${service.toUpperCase()}_OPS_PORT`]: port })
    const script = join(import.meta.dirname, '..', 'services', service, 'src', 'main.ts')
    const started = (child = spawn(process.execPath, [script], { env: { ...env, PATH: process.env['PATH'] } }))
    let output = ''
    for (const stream of [started.stdout, started.stderr]) stream.on('data', chunk => (output += String(chunk)))
    const statusOf = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    await eventually(async () => expect(await statusOf('/healthz')).toBe(200), 20_000)
    expect(await statusOf('/readyz')).toBe(503)
    await eventually(() => expect(output).toContain('waiting for NATS: 127.0.0.1:1 cannot be reached'), 10_000)
    expect(output).not.toContain('secret')
    const ended = new Promise(resolve => started.on('close', resolve))
    started.kill('SIGTERM')
    expect(await ended).toBe(0)
  },
  60_000,
)
