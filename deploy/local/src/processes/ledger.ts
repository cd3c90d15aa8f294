// The list of everything started for one directory, kept in a file so that the next run finds what a killed run left behind.
// Read and written synchronously, right after a spawn: between the two a kill -9 has next to no room.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { isAlive, type ProcessIdentity } from '../../bootstrap/process-identity.js'
import { stopProcess, type StopStep } from './stop-process.ts'

export interface LedgerEntry extends ProcessIdentity {
  readonly name: string
  /** Stopped in this order: services need their back ends until the end. */
  readonly group: 'service' | 'backend'
  readonly stop: readonly StopStep[]
  readonly container?: Container
}

/** The Docker container that a process is the client of. */
export interface Container {
  /** The docker program. */
  readonly docker: string
  readonly name: string
}

export const ledgerFileName = 'processes.json'

export class Ledger {
  readonly path: string

  constructor(directory: string) {
    this.path = join(directory, ledgerFileName)
  }

  /** Empty when there is no ledger or when it cannot be read (a damaged one names nobody for certain). */
  entries(): readonly LedgerEntry[] {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as LedgerEntry[]
    } catch {
      return []
    }
  }

  add(entry: LedgerEntry): void {
    this.#write([...this.entries(), entry])
  }

  remove({ pid, startedAt }: ProcessIdentity): void {
    this.#write(this.entries().filter(entry => entry.pid !== pid || entry.startedAt !== startedAt))
  }

  #write(entries: readonly LedgerEntry[]): void {
    if (entries.length === 0) {
      rmSync(this.path, { force: true })
      return
    }
    mkdirSync(dirname(this.path), { recursive: true })
    const next = `${this.path}.${process.pid}`
    writeFileSync(next, `${JSON.stringify(entries, undefined, 2)}\n`, { mode: 0o600 })
    renameSync(next, this.path)
  }
}

/** One that is gone already is no error. */
export const removeContainer = async ({ docker, name }: Container): Promise<void> => {
  await promisify(execFile)(docker, ['rm', '--force', name]).catch(() => undefined)
}

const stopEntry = async (entry: LedgerEntry): Promise<void> => {
  await stopProcess(entry, entry.stop)
  if (entry.container !== undefined) await removeContainer(entry.container)
}

/** Stops what the directory's ledger lists and still lives, services first; returns the names. */
export const stopLeftovers = async (directory: string): Promise<readonly string[]> => {
  const ledger = new Ledger(directory)
  const left = ledger.entries().filter(entry => entry.container !== undefined || isAlive(entry))
  for (const group of ['service', 'backend'] as const) {
    await Promise.all(left.filter(entry => entry.group === group).map(stopEntry))
  }
  rmSync(ledger.path, { force: true })
  return left.map(entry => entry.name)
}
