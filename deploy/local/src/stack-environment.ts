// Where a running local stack is, for the commands: its URLs in a file that only its owner reads, gone when it stops.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '@cairn/runtime'

const fileIn = (directory: string): string => join(directory, 'environment.json')

export const writeStackEnvironment = (directory: string, environment: Readonly<Record<string, string>>): void => {
  rmSync(fileIn(directory), { force: true })
  writeFileSync(fileIn(directory), JSON.stringify(environment, undefined, 2), { mode: 0o600, flag: 'wx' })
}

export const removeStackEnvironment = (directory: string): void => rmSync(fileIn(directory), { force: true })

/**
 * The URLs of the clone's running stack beside what is set by hand. All of them or none: one URL of yours and one of the stack's
 * would not belong together.
 */
export const withLocalStack = (root: string, environment: Environment): Environment => {
  const file = fileIn(join(root, '.local', 'stack'))
  if (!existsSync(file)) return environment
  const stack = JSON.parse(readFileSync(file, 'utf8')) as Environment
  const isSet = (name: string): boolean => environment[name] !== undefined && environment[name] !== ''
  return Object.keys(stack).some(isSet) ? environment : { ...environment, ...stack }
}
