// The process: however long clients may take to answer a close, it waits for them, and stops by itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { captureLogs, eventually, incidentEnvironment, startTestBus } from '@cairn/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { openRawSocket } from './raw-socket.ts'
import { startStandIns } from './stand-ins.ts'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
/** Longer than what a process gets on top of its drain. */
const closeTimeoutMs = 6_000

/** A port that was free a moment ago. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

it('waits for a client that does not answer its close', { timeout: 60_000 }, async () => {
  const nats = await startTestBus()
  onTestFinished(() => nats.stop())
  const others = await startStandIns(nats.url, captureLogs().loggerFor('stand-ins'))
  onTestFinished(() => others.stop())
  const port = await freePort()
  const env = {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'test',
    NATS_URL: nats.url,
    USER_HASH_KEY: Buffer.alloc(32).toString('base64url'),
    REDIS_URL: 'redis://127.0.0.1:9',
    OPS_HOST: '127.0.0.1',
    REALTIME_OPS_PORT: '0',
    REALTIME_HOST: '127.0.0.1',
    REALTIME_PORT: String(port),
    DRAIN_WINDOW_MS: '100',
    REALTIME_CLOSE_TIMEOUT_MS: String(closeTimeoutMs),
    ...incidentEnvironment(),
  }
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let log = ''
  child.stdout.on('data', (text: Buffer) => (log += text.toString()))
  while (!log.includes('"started"')) await once(child.stdout, 'data')
  await eventually(async () => {
    if (!(await fetch(`http://127.0.0.1:${port}/readyz`)).ok) throw new Error('not ready')
  }, 20_000)
  const { userId, token } = await others.signIn()
  const client = await openRawSocket(port, `/ws/user/${userId}?token=${token}`)
  await client.until('session.ready')
  const stoppedAt = performance.now()
  child.kill('SIGTERM')
  const [exitCode] = (await once(child, 'exit')) as [number | null]
  expect(exitCode).toBe(0)
  expect(log).not.toContain('did not stop in time')
  expect(performance.now() - stoppedAt).toBeGreaterThan(closeTimeoutMs)
  client.socket.destroy()
})
