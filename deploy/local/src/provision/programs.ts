// Where nats-server and redis-server come from: the PATH, else apt into a private tree, else Docker, else a message that says what to type.
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { LocalStackError } from '../local-stack-error.ts'
import { findAptTree } from './apt-tree.ts'
import type { Machine } from './machine.ts'
import { runTool } from './run-tool.ts'

export type ProgramName = 'nats-server' | 'redis-server'

export type FoundProgram =
  | { readonly kind: 'native'; readonly file: string; readonly env: Readonly<Record<string, string>> }
  | { readonly kind: 'docker'; readonly docker: string; readonly image: string }

interface Known {
  readonly title: string
  readonly variable: string
  readonly exampleUrl: string
  readonly image: string
  /** What Cairn works on at least: design section 1. */
  readonly oldest: readonly [number, number]
}

const known: Readonly<Record<ProgramName, Known>> = {
  'nats-server': {
    title: 'NATS',
    variable: 'NATS_URL',
    exampleUrl: 'nats://user:password@host:4222',
    image: 'nats:2.12-alpine',
    oldest: [2, 9],
  },
  'redis-server': {
    title: 'Redis',
    variable: 'REDIS_URL',
    exampleUrl: 'redis://:password@host:6379',
    image: 'redis:8-alpine',
    oldest: [7, 0],
  },
}

export interface Search {
  readonly machine: Machine
  readonly say: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** The file with that name that this user may execute, as a shell would find it. */
export const findOnPath = (name: string, directories: readonly string[]): string | undefined =>
  directories
    .filter(directory => directory !== '')
    .map(directory => join(directory, name))
    .find(file => {
      try {
        accessSync(file, constants.X_OK)
        return statSync(file).isFile()
      } catch {
        return false
      }
    })

/** Runs it, since a file that is there may still lack a library, and looks whether it is new enough. */
const works = async (name: ProgramName, file: string, env: Readonly<Record<string, string>>): Promise<boolean> => {
  const { succeeded, stdout, stderr } = await runTool(file, ['--version'], { env })
  const [, major = '0', minor = '0'] = /v=?(\d+)\.(\d+)/.exec(`${stdout}${stderr}`) ?? []
  const [oldestMajor, oldestMinor] = known[name].oldest
  const isNewEnough = Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor)
  return succeeded && isNewEnough
}

const findOne = async (name: ProgramName, search: Search): Promise<FoundProgram | undefined> => {
  const { machine, signal } = search
  const directories = [...machine.path.split(':'), ...machine.furtherDirectories]
  const env = { PATH: machine.path }
  const onPath = findOnPath(name, directories)
  if (onPath !== undefined && (await works(name, onPath, env))) return { kind: 'native', file: onPath, env }
  const tree = await findAptTree({ ...search, name, works: candidate => works(name, candidate.file, candidate.env) })
  if (tree !== undefined) return { kind: 'native', ...tree }
  const docker = findOnPath('docker', directories)
  if (docker === undefined) return undefined
  const { succeeded } = await runTool(docker, ['info'], { env: process.env, signal })
  return succeeded ? { kind: 'docker', docker, image: known[name].image } : undefined
}

const missingMessage = (missing: readonly ProgramName[]): string =>
  [
    `${missing.map(name => known[name].title).join(' and ')} cannot be provided: not on the PATH, not from apt, and Docker does not answer.`,
    'Type one of these and start again:',
    `  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing.join(' ')}    (Debian, Ubuntu)`,
    `  brew install ${missing.map(name => (name === 'redis-server' ? 'redis' : name)).join(' ')}    (macOS)`,
    `  export ${missing.map(name => `${known[name].variable}=${known[name].exampleUrl}`).join(' ')}    (servers of your own)`,
  ].join('\n')

/** Throws one `LocalStackError` for all that cannot be had. */
export const findPrograms = async (
  names: readonly ProgramName[],
  search: Search,
): Promise<ReadonlyMap<ProgramName, FoundProgram>> => {
  const found = await Promise.all(names.map(async name => [name, await findOne(name, search)] as const))
  const missing = found.filter(([, program]) => program === undefined).map(([name]) => name)
  if (missing.length > 0) throw new LocalStackError(missingMessage(missing))
  return new Map(found.flatMap(([name, program]) => (program === undefined ? [] : [[name, program] as const])))
}
