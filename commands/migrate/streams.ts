// The streams' half of `npm run migrate`: made, or brought to their limits, where MIGRATE_NATS_URL names the bus.
import { provisionStreams, readProvisionStatus } from '@cairn/bus/provision'
import type { ConfigOf } from '@cairn/runtime'
import type { migrateVariables } from './migrate-variables.ts'

type MigrateConfig = ConfigOf<typeof migrateVariables>

export const migrateStreams = async (config: MigrateConfig, say: (line: string) => void): Promise<void> => {
  const { natsUrl, natsWaitMs: waitMs } = config
  if (natsUrl === '') {
    say('streams: left alone, since MIGRATE_NATS_URL is not set')
    return
  }
  try {
    await provisionStreams({ natsUrl, config, waitMs, say: line => say(`streams: ${line}`) })
  } catch (error) {
    throw new Error(`streams: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  say('streams: all there, as configured')
}

export interface StreamsReport {
  readonly lines: readonly string[]
  readonly areCurrent: boolean
}

/** Changes nothing. Of a bus that is not named there is nothing to say. */
export const reportStreams = async (config: MigrateConfig): Promise<StreamsReport> => {
  if (config.natsUrl === '') return { lines: [], areCurrent: true }
  const found = await readProvisionStatus(config.natsUrl, config)
  const width = Math.max(...found.map(({ name }) => name.length)) + 2
  return {
    lines: found.map(({ name, state, differing }) => {
      const what = differing.length === 0 ? '' : `: ${differing.join(', ')}`
      return `${'streams'.padEnd(10)}${name.padEnd(width)}${state}${what}`
    }),
    areCurrent: found.every(({ state }) => state === 'as configured'),
  }
}
