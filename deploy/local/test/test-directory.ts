// A directory below .local for one test, removed afterwards with every process that a ledger in it lists.
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createTestDirectory, removeTestDirectory } from '../src/processes/sweep.ts'

export const clone = join(import.meta.dirname, '..', '..', '..')
export const node24 = process.execPath

export const testDirectory = (): string => {
  const directory = createTestDirectory(join(clone, '.local'))
  onTestFinished(() => removeTestDirectory(directory))
  return directory
}
