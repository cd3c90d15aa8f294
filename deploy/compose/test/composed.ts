// compose.yaml as a project of the test's own: its own name, secrets, ports and volumes.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '@cairn/local'

const root = join(import.meta.dirname, '..', '..', '..')
const execute = promisify(execFile)
const buffer = { maxBuffer: 50_000_000 }

export interface Composed {
  readonly ports: Readonly<Record<'gateway' | 'realtime' | 'apple', number>>
  /** Runs `docker compose …` and resolves with what it wrote. */
  compose(...args: string[]): Promise<string>
  docker(...args: string[]): Promise<string>
  /** Containers, networks and volumes; images stay, for the next run. */
  remove(): Promise<void>
}

export const openComposed = async (): Promise<Composed> => {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-compose-'))
  const taken = new Set<number>()
  const take = async (): Promise<number> => {
    const port = await freePort(taken)
    taken.add(port)
    return port
  }
  const ports = { gateway: await take(), realtime: await take(), apple: await take() }
  const own = [
    `GATEWAY_PORT=${ports.gateway}`,
    `REALTIME_PORT=${ports.realtime}`,
    `APPLE_ISSUER_PORT=${ports.apple}`,
    'CAIRN_VERSION=test',
    `BUILD_NETWORK=${process.env['BUILD_NETWORK'] ?? 'default'}`,
  ]
  const file = join(directory, 'test.env')
  await execute('sh', [join(root, 'deploy/compose/make-env.sh'), '--dev', file])
  await appendFile(file, `${own.join('\n')}\n`)
  const project = `cairn-test-${randomBytes(4).toString('hex')}`
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? directory, DOCKER_BUILDKIT: '1' }
  const docker = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await execute('docker', args, { cwd: root, env, ...buffer })
    return stdout + stderr
  }
  const compose = (...args: string[]): Promise<string> =>
    docker('compose', '--project-name', project, '--env-file', file, ...args)
  const remove = async (): Promise<void> => {
    await compose('down', '--volumes', '--remove-orphans', '--timeout', '5')
    await rm(directory, { recursive: true })
  }
  return { ports, compose, docker, remove }
}
