// What the three back ends are asked for with.
import { Ledger } from '../processes/ledger.ts'
import { type Machine, thisMachine } from './machine.ts'
import type { FoundProgram, ProgramName, Search } from './programs.ts'
import { openSecrets, type Secrets } from './secrets.ts'

export interface ProvideOptions {
  /** Holds data, logs, secrets and the ledger; made when absent; one owner at a time. */
  readonly directory: string
  /** DATABASE_URL, NATS_URL and REDIS_URL win when set. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly say: (line: string) => void
  readonly signal?: AbortSignal | undefined
  readonly machine?: Machine
  /** Ports that are free now and meant for somebody else. */
  readonly reservedPorts?: ReadonlySet<number> | undefined
  /** Where the servers are, when that is known already. */
  readonly programs?: ReadonlyMap<ProgramName, FoundProgram>
}

export interface ResolvedOptions {
  readonly directory: string
  readonly ledger: Ledger
  readonly secrets: Secrets
  readonly search: Search
  readonly signal: AbortSignal | undefined
}

export const resolveOptions = ({
  directory,
  say,
  signal,
  machine = thisMachine(),
}: ProvideOptions): ResolvedOptions => ({
  directory,
  ledger: new Ledger(directory),
  secrets: openSecrets(directory),
  search: { machine, say, signal },
  signal,
})
