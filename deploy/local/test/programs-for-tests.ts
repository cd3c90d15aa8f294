// Executables and machines made for a test: what provisioning finds on a PATH that the test controls.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, thisMachine } from '../src/provision/machine.ts'

/** Writes an executable shell script into `directory`. */
export const writeProgram = (directory: string, name: string, lines: readonly string[]): string => {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, name)
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(file, 0o755)
  return file
}

/** A machine with nothing but `directory` on its PATH and an empty tools directory beside it. */
export const bareMachine = (directory: string, changes: Partial<Machine> = {}): Machine => ({
  ...thisMachine(),
  path: join(directory, 'bin'),
  furtherDirectories: [],
  toolsDirectory: join(directory, 'tools'),
  ...changes,
})
