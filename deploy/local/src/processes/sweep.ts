// Directories of test runs: named after the process that owns them, and swept by a later run when that process is dead.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identify, isAlive, type ProcessIdentity } from '../../bootstrap/process-identity.js'
import { thisMachine } from '../provision/machine.ts'
import { removeWithTwin } from '../provision/postgres-home.ts'
import { secretsFileName } from '../provision/secrets.ts'
import { ledgerFileName, stopLeftovers } from './ledger.ts'

const prefix = 'test-'
const ownerFileName = 'owner.json'

/** Makes `<parent>/test-<pid>-<random>` for this process and everything below it. */
export const createTestDirectory = (parent: string): string => {
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, `${prefix}${process.pid}-`))
  // Root's Postgres runs as another user, who has to get through.
  chmodSync(directory, 0o711)
  writeFileSync(join(directory, ownerFileName), JSON.stringify(identify(process.pid)))
  return directory
}

const isOwned = (directory: string, name: string): boolean => {
  try {
    return isAlive(JSON.parse(readFileSync(join(directory, ownerFileName), 'utf8')) as ProcessIdentity)
  } catch {
    // Seen, or killed, between making the directory and naming its owner: the pid alone has to do.
    return identify(Number(name.slice(prefix.length).split('-')[0])) !== undefined
  }
}

/** None where another sweep was faster. */
const directoriesOf = (directory: string): string[] => {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && entry.name !== 'node_modules')
      .map(entry => join(directory, entry.name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** The directory and those below it, as deep as a stack's own may lie: `<test>/<clone>/.local/stack`. */
const directoriesIn = (directory: string, depth = 4): string[] => [
  directory,
  ...(depth === 0 ? [] : directoriesOf(directory)).flatMap(below => directoriesIn(below, depth - 1)),
]

/** Stops what the ledgers in and below the directory list, then removes it with all its twins. */
export const removeTestDirectory = async (directory: string): Promise<void> => {
  const holding = (file: string): string[] => directoriesIn(directory).filter(one => existsSync(join(one, file)))
  await Promise.all(holding(ledgerFileName).map(stopLeftovers))
  for (const home of [...holding(secretsFileName), directory]) removeWithTwin(home, thisMachine())
}

/** Removes the test directories in `parent` whose owner is dead, with whatever of theirs still runs; returns their names. */
export const sweepAbandoned = async (parent: string): Promise<readonly string[]> => {
  if (!existsSync(parent)) return []
  const names = readdirSync(parent).filter(name => name.startsWith(prefix) && !isOwned(join(parent, name), name))
  await Promise.all(names.map(name => removeTestDirectory(join(parent, name))))
  return names
}
