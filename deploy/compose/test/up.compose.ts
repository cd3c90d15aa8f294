// The whole of compose.yaml, brought up: the README's tours against it, a second `up`, and what `down` leaves.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openComposed, type Composed } from './composed.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const services = ['gateway', 'auth', 'progress', 'realtime', 'janitor'] as const
let composed: Composed
let tour: string
let socketTour: string
const shells: ChildProcess[] = []

beforeAll(async () => {
  composed = await openComposed()
  const { gateway, realtime, apple } = composed.ports
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const [, first = '', second = ''] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(match =>
    (match[1] ?? '')
      .replaceAll(':8080', `:${gateway}`)
      .replaceAll(':8081', `:${realtime}`)
      .replaceAll(':8089', `:${apple}`),
  )
  tour = first
  socketTour = second
  await composed.compose('build', '--quiet')
}, 900_000)
afterAll(async () => {
  for (const shell of shells)
    if (shell.pid !== undefined && shell.exitCode === null) process.kill(-shell.pid, 'SIGKILL')
  await composed.remove()
}, 120_000)

/** A terminal into which it is pasted; `said()` is what has come out so far. */
const paste = (text: string): { said: () => string; ended: Promise<unknown> } => {
  const shell = spawn('bash', ['-c', text], { cwd: root, detached: true })
  shells.push(shell)
  let output = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise(resolve => void shell.on('close', resolve))
  return { said: () => output, ended }
}
const takeTour = async (): Promise<readonly Record<string, unknown>[]> => {
  const terminal = paste(tour)
  await terminal.ended
  const lines = terminal.said().trim().split('\n')
  return lines.map(line => JSON.parse(line) as Record<string, unknown>)
}
const up = (): Promise<string> => composed.compose('up', '--detach', '--wait', '--wait-timeout', '120')
const containers = async (): Promise<string[]> =>
  (await composed.compose('ps', '--all', '--quiet')).trim().split('\n').toSorted()

describe('docker compose', () => {
  it('brings everything up, healthy, and the tour works as it is pasted', async () => {
    await up()
    const [posted, snapshot, changes] = await takeTour()
    expect(posted).toMatchObject({ results: [{ status: 'applied', seq: 1 }] })
    expect(snapshot).toMatchObject({ head: { seq: 1 }, totals: { points: 10 } })
    expect(changes).toMatchObject({ from_seq: 1, to_seq: 1, has_more: false })
  }, 180_000)

  it('shows the same change over a socket, in another terminal', async () => {
    const listening = paste(`${tour}\n${socketTour}`)
    await eventually(() => expect(listening.said()).toContain('"session.ready"'), 20_000)
    await takeTour()
    await eventually(() => expect(listening.said()).toMatch(/"type":"progress\.changed".*"to_seq":3/), 10_000)
  }, 60_000)

  it('is clean when it is up already', async () => {
    const before = await containers()
    const output = await up()
    expect(await containers()).toEqual(before)
    expect(output).not.toMatch(/recreat/i)
  }, 180_000)

  it('keeps its data in volumes of a name: others would stay behind, forgotten, each time it goes down', async () => {
    const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}'
    const names = await composed.docker('inspect', '--format', format, ...(await containers()))
    expect(names).toContain('_postgres')
    expect(names.split('\n').filter(name => /^[0-9a-f]{64}$/.test(name))).toEqual([])
  })

  it('loses nothing when it goes down', async () => {
    await composed.compose('down', '--timeout', '20')
    await up()
    const [posted, snapshot] = await takeTour()
    expect(posted).toMatchObject({ results: [{ status: 'applied', seq: 4 }] })
    expect(snapshot).toMatchObject({ head: { seq: 4 }, totals: { points: 40 } })
  }, 180_000)

  it('stops on its own terms, every service within its grace', async () => {
    const startedAt = performance.now()
    await composed.compose('stop', ...services)
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    const states = (await composed.compose('ps', '--all', '--format', '{{.Service}} {{.ExitCode}}')).trim().split('\n')
    for (const service of services) expect(states).toContain(`${service} 0`)
    const logs = await composed.compose('logs', '--no-log-prefix', ...services)
    expect(logs).not.toContain('PermissionViolation')
    await up()
  }, 180_000)

  it('runs the commands of people', async () => {
    const list = await composed.compose('run', '--rm', 'tools', 'commands/incident.ts', 'list')
    expect(list).toContain('no incidents')
    expect(await composed.compose('run', '--rm', 'tools', 'commands/rebuild.ts', '--all')).toContain('0 differed')
    expect(await composed.compose('run', '--rm', 'tools', 'commands/janitor.ts', '--once', 'dead-sessions')).toContain(
      'rows deleted',
    )
    expect(await composed.compose('run', '--rm', 'tools', 'commands/realtime.ts', 'notice', 'hello')).toContain(
      'a node told',
    )
    expect(await composed.compose('run', '--rm', 'tools', 'commands/migrate.ts', 'status')).not.toContain('pending')
  }, 180_000)
})

describe('an image', () => {
  it.each(services)(
    'of %s runs as any user on a file system that is read-only, and says what it misses',
    async service => {
      const args = ['run', '--rm', '--read-only', '--user', '54321:12345', '--cap-drop', 'ALL', `cairn/${service}:test`]
      await expect(composed.docker(...args)).rejects.toThrow('NATS_URL is missing')
    },
  )

  it.each(services)('of %s is for production, and nobody in particular, unless it is told otherwise', async service => {
    const inspected = await composed.docker('image', 'inspect', `cairn/${service}:test`)
    const [image] = JSON.parse(inspected) as { Config: { Env: string[]; User: string } }[]
    expect(image?.Config.Env).toContain('NODE_ENV=production')
    expect(image?.Config.User).toBe('65532:65532')
  })

  it('of auth does not start in production with a developer’s settings', async () => {
    const args = ['run', '--rm', '--no-deps', '--env', 'NODE_ENV=production', 'auth']
    await expect(composed.compose(...args)).rejects.toThrow('APPLE_ISSUERS: with NODE_ENV=production')
  })
})
