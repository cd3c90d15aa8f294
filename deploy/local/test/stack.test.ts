// The supervisor as `npm start` runs it: a process of its own with real back ends and small services, watched from outside.
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { identify, isAlive } from '../bootstrap/process-identity.js'
import { Ledger, type LedgerEntry } from '../src/processes/ledger.ts'
import { natsAnswers, postgresAnswers, redisAnswers } from '../src/provision/answers.ts'
import { freePort } from '../src/provision/free-port.ts'
import { createTestDirectory, removeTestDirectory } from '../src/processes/sweep.ts'
import { type Backends, provideBackends } from '../src/provision/backends.ts'
import { LocalStackError } from '../src/local-stack-error.ts'
import { cairnPlan } from '../src/supervisor/cairn-plan.ts'
import { readStackConfig } from '../src/supervisor/read-stack-config.ts'
import { clone, node24, testDirectory } from './test-directory.ts'

interface FixtureService {
  readonly name: string
  /** Variables that have to be numbers. */
  readonly reads?: readonly string[]
  readonly script?: string
  readonly env?: Record<string, string>
}

interface RunningStack {
  readonly child: ChildProcess
  readonly root: string
  readonly stack: string
  readonly output: () => string
  readonly errors: () => string
  readonly events: () => string[]
  readonly ended: Promise<number | NodeJS.Signals>
}

interface Run {
  /** Private back ends instead of the file's own, which are given by URL. */
  readonly isPrivate?: boolean
  readonly services?: readonly FixtureService[]
  readonly root?: string
  readonly args?: readonly string[]
  readonly env?: Record<string, string>
}

/** Servers that these tests share; most are about the services. */
const given: Record<string, string> = {}
let shared: { directory: string; backends: Backends } | undefined

beforeAll(async () => {
  const directory = createTestDirectory(join(clone, '.local'))
  const backends = await provideBackends({ directory, env: {}, say: () => undefined, durable: false })
  shared = { directory, backends }
  Object.assign(given, {
    DATABASE_URL: backends.databaseUrl,
    NATS_URL: backends.natsUrl,
    REDIS_URL: backends.redisUrl,
  })
})

afterAll(async () => {
  await shared?.backends.stop()
  if (shared !== undefined) await removeTestDirectory(shared.directory)
})

const two: readonly FixtureService[] = [{ name: 'one' }, { name: 'two' }]

const freePorts = async (): Promise<Record<string, string>> => {
  const gateway = await freePort()
  const realtime = await freePort(new Set([gateway]))
  const issuer = await freePort(new Set([gateway, realtime]))
  return { GATEWAY_PORT: `${gateway}`, REALTIME_PORT: `${realtime}`, APPLE_ISSUER_PORT: `${issuer}` }
}

const runStack = async ({
  services = two,
  root = testDirectory(),
  args = [],
  env = {},
  isPrivate = false,
}: Run = {}): Promise<RunningStack> => {
  const eventsFile = join(root, 'events')
  const script = join(import.meta.dirname, 'fixtures', 'run-stack.ts')
  const child = spawn(node24, [script, root, JSON.stringify(services), ...args], {
    env: { PATH: process.env['PATH'], ...(await freePorts()), ...(isPrivate ? {} : given), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const collect = (stream: NodeJS.ReadableStream | null): (() => string) => {
    let text = ''
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    return () => text
  }
  // Not `close`: Node does not tell it after disconnect().
  const ended = new Promise<number | NodeJS.Signals>(resolve => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'))
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    root,
    stack: join(root, '.local', 'stack'),
    output: collect(child.stdout),
    errors: collect(child.stderr),
    events: () => (existsSync(eventsFile) ? readFileSync(eventsFile, 'utf8').trim().split('\n') : []),
    ended,
  }
}

/** Long enough for a machine that is busy with other tests: how fast it is, a suite in parallel cannot tell. */
const patienceMs = 90_000

const until = (condition: () => unknown): Promise<unknown> =>
  vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error('not yet')
    },
    { timeout: patienceMs, interval: 20 },
  )

const ready = async (running: RunningStack): Promise<void> => {
  const failed = running.ended.then(() => {
    throw new Error(`it ended: ${running.output()}${running.errors()}`)
  })
  await Promise.race([failed, until(() => /^ready /m.test(running.output()))])
}

const entry = ({ stack }: RunningStack, name: string) => {
  const found = new Ledger(stack).entries().find(candidate => candidate.name === name)
  if (found === undefined) throw new Error(`${name} is not in the ledger`)
  return found
}

/** How long everything may take that is deaf to the first signal: the issuer after the services, then the back ends. */
const longestStopMs = (entries: readonly LedgerEntry[]): number => {
  const layers = [['one', 'two'], ['issuer'], ['postgres', 'nats', 'redis']]
  return layers
    .map(names => entries.filter(({ name }) => names.includes(name)))
    .map(layer => Math.max(...layer.map(({ stop }) => stop.reduce((sum, { waitMs }) => sum + waitMs, 0))))
    .reduce((sum, waitMs) => sum + waitMs, 0)
}

describe('a stack', { timeout: 2 * patienceMs }, () => {
  it('starts in order, says that it is ready once, and stops in reverse order with no more than 5 s of patience', async () => {
    const running = await runStack({ isPrivate: true })
    await ready(running)
    expect(running.output().match(/^ready gateway=\S+:\d+ realtime=\S+:\d+ apple=\S+:\d+$/gm)).toHaveLength(1)
    expect(running.events()[0]).toBe('migrated as cairn cairn_auth cairn_progress')
    const entries = new Ledger(running.stack).entries()
    expect(entries.map(({ name }) => name).toSorted()).toEqual(['issuer', 'nats', 'one', 'postgres', 'redis', 'two'])

    expect(longestStopMs(entries)).toBeLessThan(5_000)

    running.child.kill('SIGTERM')
    running.child.kill('SIGINT')
    running.child.kill('SIGINT')
    expect(await running.ended).toBe(0)
    expect(running.events().at(-1)).toBe('issuer stopped')
    expect(running.events().filter(event => event.endsWith('asked to stop'))).toHaveLength(3)
    expect(entries.filter(isAlive)).toEqual([])
    expect(existsSync(join(running.stack, 'processes.json'))).toBe(false)
  })

  it('writes what services log to files and to stderr, and keeps stdout for progress', async () => {
    const running = await runStack()
    await ready(running)
    await until(() => running.errors().includes('"service":"one","message":"listening"'))
    expect(readFileSync(join(running.stack, 'logs', 'one.log'), 'utf8')).toContain('listening')
    expect(running.output()).not.toContain('listening')
  })

  it('kills a service that does not stop', async () => {
    const running = await runStack({ services: [{ name: 'one', env: { STUBBORN: '1' } }] })
    await ready(running)
    const { pid } = entry(running, 'one')
    running.child.kill('SIGINT')
    expect(await running.ended).toBe(0)
    expect(running.events()).toContain('one asked to stop')
    expect(running.events()).not.toContain('one stopped')
    expect(identify(pid)).toBeUndefined()
  })

  it('starts a killed service and killed back ends again on their ports', async () => {
    const running = await runStack({ isPrivate: true })
    await ready(running)
    const urls = JSON.parse(readFileSync(join(running.stack, 'secrets.json'), 'utf8')) as Record<string, string>
    const portOf = (name: string): string =>
      new RegExp(`${name} started at \\S+:(\\d+)`).exec(running.output())?.[1] ?? ''
    for (const name of ['one', 'postgres', 'nats', 'redis']) {
      const { pid } = entry(running, name)
      process.kill(pid, 'SIGKILL')
      await until(() => running.output().includes(`${name} (pid ${pid}) was killed by SIGKILL; starting it again`))
      await until(() => new RegExp(`${name} \\(pid \\d+\\) is back after`).test(running.output()))
    }
    await expect(
      postgresAnswers(`postgresql://cairn:${urls['postgresPassword']}@127.0.0.1:${portOf('postgres')}/cairn`),
    ).resolves.toBeUndefined()
    await expect(
      natsAnswers(`nats://admin:${urls['natsPassword']}@127.0.0.1:${portOf('nats')}`),
    ).resolves.toBeUndefined()
    await expect(
      redisAnswers(`redis://:${urls['redisPassword']}@127.0.0.1:${portOf('redis')}`),
    ).resolves.toBeUndefined()
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
  })

  it('leaves nothing behind when a service cannot start, and shows why', async () => {
    const running = await runStack({ services: [...two, { name: 'broken', script: 'failing-service' }] })
    expect(await running.ended).toBe(1)
    expect(running.errors()).toContain('broken exited with code 1 before it was ready')
    expect(running.errors()).toContain('WANTED_VARIABLE is missing')
    expect(running.output()).not.toMatch(/^ready /m)
    expect(existsSync(join(running.stack, 'processes.json'))).toBe(false)
  })

  it.each(['environment checked', 'postgres started', 'database migrated'])(
    'stops when interrupted after "%s"',
    async step => {
      const running = await runStack({ isPrivate: true })
      await until(() => running.output().includes(step))
      running.child.kill('SIGINT')
      expect(await running.ended).toBe(0)
      expect(existsSync(join(running.stack, 'processes.json'))).toBe(false)
    },
  )

  it('stops when the bootstrap that started it is gone', async () => {
    const running = await runStack()
    await ready(running)
    running.child.disconnect()
    expect(await running.ended).toBe(0)
  })
})

describe('the next start', { timeout: 2 * patienceMs }, () => {
  it('stops what a killed one left behind, and is ready on the same data', async () => {
    const killed = await runStack({ isPrivate: true })
    await ready(killed)
    const left = new Ledger(killed.stack).entries()
    const secrets = readFileSync(join(killed.stack, 'secrets.json'), 'utf8')
    killed.child.kill('SIGKILL')
    await killed.ended
    const next = await runStack({ root: killed.root, isPrivate: true })
    await ready(next)
    expect(left.filter(isAlive)).toEqual([])
    expect(next.output()).toContain('stopped what a killed run left behind')
    expect(readFileSync(join(next.stack, 'secrets.json'), 'utf8')).toBe(secrets)
  })

  it('refuses while the other one runs, naming its pid', async () => {
    const running = await runStack()
    await ready(running)
    const second = await runStack({ root: running.root })
    expect(await second.ended).toBe(1)
    expect(second.errors().trim()).toBe(
      `this clone's stack is running already (pid ${running.child.pid}); stop that first`,
    )
    expect(identify(running.child.pid ?? 0)).toBeDefined()
    expect(existsSync(join(running.stack, 'environment.json'))).toBe(true)
  })

  it('waits for one that is stopping', async () => {
    const running = await runStack()
    await ready(running)
    const second = runStack({ root: running.root })
    running.child.kill('SIGTERM')
    await ready(await second)
    expect(await running.ended).toBe(0)
  })

  it.each([
    ['a lock that cannot be read', 'stack.lock', 'stack.lock cannot be read (EISDIR)'],
    ['a directory that cannot be written', '', '.local cannot be written (EEXIST)'],
  ])('meets %s with one message', async (_, directory, message) => {
    const root = testDirectory()
    if (directory === '') writeFileSync(join(root, '.local'), '')
    else mkdirSync(join(root, '.local', directory), { recursive: true })
    const running = await runStack({ root })
    expect(await running.ended).toBe(1)
    expect(running.errors()).toContain(message)
    expect(running.errors().trim().split('\n')).toHaveLength(1)
  })

  it('forgets the data when told to', async () => {
    const first = await runStack({ services: [] })
    await ready(first)
    first.child.kill('SIGTERM')
    await first.ended
    const secrets = readFileSync(join(first.stack, 'secrets.json'), 'utf8')
    const second = await runStack({ root: first.root, services: [], args: ['--fresh'] })
    await ready(second)
    expect(readFileSync(join(second.stack, 'secrets.json'), 'utf8')).not.toBe(secrets)
  })
})

describe('an environment that cannot be used', { timeout: patienceMs }, () => {
  it('is answered with all faults at once, before anything is started', async () => {
    const env = { GATEWAY_PORT: '70000', REALTIME_PORT: 'x', NATS_URL: 'http://x', AUTH_MASTER_KEY: 'short' }
    const running = await runStack({ env })
    expect(await running.ended).toBe(1)
    for (const name of Object.keys(env)) expect(running.errors()).toContain(`${name} is malformed`)
    expect(running.errors()).not.toContain('    at ')
    expect(existsSync(running.stack)).toBe(false)
  })

  it('includes what only a service reads, and is told once', async () => {
    const env = { WANTED_NUMBER: 'x', LOG_LEVEL: 'loud', GATEWAY_PORT: '70000', NODE_ENV: 'production' }
    const services = [
      { name: 'one', reads: ['WANTED_NUMBER'] },
      { name: 'two', reads: ['WANTED_NUMBER'] },
    ]
    const running = await runStack({ env, services })
    expect(await running.ended).toBe(1)
    const lines = running.errors().trim().split('\n')
    expect(lines.map(line => line.split(' is ')[0])).toEqual([
      'The environment',
      '  - NODE_ENV',
      '  - GATEWAY_PORT',
      '  - WANTED_NUMBER',
      '  - LOG_LEVEL',
    ])
    expect(existsSync(join(running.root, '.local'))).toBe(false)
  })

  it("knows every variable of Cairn's services and of the issuer", async () => {
    const faulty = {
      REALTIME_PING_INTERVAL_MS: 'abc',
      AUTH_NONCE_TTL_S: 'x',
      GATEWAY_MAX_BODY_BYTES: '1',
      PROGRESS_DATABASE_URL: 'mysql://x',
      JANITOR_DEAD_SESSIONS_EVERY_MS: '0',
      APPLE_CLIENT_IDS: ',',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'x',
    }
    const failure = readStackConfig(faulty, cairnPlan)
    await expect(failure).rejects.toThrow(LocalStackError)
    const message = await failure.then(() => '', String)
    for (const name of Object.keys(faulty)) expect(message.split(`- ${name} is malformed`)).toHaveLength(2)
    await expect(readStackConfig({ GATEWAY_PORT: '1234' }, cairnPlan)).resolves.toMatchObject({ gatewayPort: 1234 })
  })

  it('names all given servers that do not answer, before a private one is started', async () => {
    const env = { DATABASE_URL: '', NATS_URL: 'nats://127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:2' }
    const running = await runStack({ env })
    expect(await running.ended).toBe(1)
    expect(running.errors().trim()).toBe(
      [
        'NATS_URL names 127.0.0.1:1, which cannot be used: no connection',
        'REDIS_URL names 127.0.0.1:2, which cannot be used: ECONNREFUSED',
      ].join('\n'),
    )
    expect(existsSync(join(running.stack, 'logs'))).toBe(false)
  })

  it('names a port in use and the variable that moves it', async () => {
    const port = await freePort()
    const server = createServer()
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const running = await runStack({ env: { GATEWAY_PORT: String(port) } })
    expect(await running.ended).toBe(1)
    expect(running.errors().trim()).toBe(`GATEWAY_PORT ${port} is in use; set GATEWAY_PORT to another port`)
    expect(existsSync(join(running.stack, 'processes.json'))).toBe(false)
  })

  it('does not let two services have one port', async () => {
    const running = await runStack({ env: { GATEWAY_PORT: '8123', REALTIME_PORT: '8123' } })
    expect(await running.ended).toBe(1)
    expect(running.errors()).toContain('GATEWAY_PORT and REALTIME_PORT are both 8123')
  })

  it('includes an unknown argument', async () => {
    const running = await runStack({ args: ['--fersh'] })
    expect(await running.ended).toBe(1)
    expect(running.errors()).toContain('usage: npm start')
  })
})
