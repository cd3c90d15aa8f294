// A durable PostgreSQL of its own, sized as one would for a machine with some memory: as shipped, a checkpoint every few seconds
// of load would put whole pages into the WAL all the time, and measure that.
import { providePostgres } from '@cairn/local'
import type { BenchContext } from './bench.ts'
import { cpuMsOfTree, type Meters } from './process-cpu.ts'
import type { Stoppable } from './stopping-all.ts'

const settings = { shared_buffers: '1GB', max_wal_size: '8GB', checkpoint_timeout: '30min' }

export interface SizedPostgres extends Stoppable {
  /** The administrator's. */
  readonly url: string
  readonly meters: Meters
}

export const startSizedPostgres = async ({ directory, say }: BenchContext): Promise<SizedPostgres> => {
  const backend = await providePostgres({ directory, env: {}, say, maxConnections: 200, settings })
  const meters = { postgres: () => cpuMsOfTree(backend.server?.pid ?? 0) }
  return { url: backend.url, stop: () => backend.stop(), meters }
}
