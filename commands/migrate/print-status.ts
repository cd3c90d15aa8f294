// The table of `npm run migrate -- status`.
import type { JudgedMigration, OwnerStatus } from '@cairn/postgres/migrate'

const words: Record<JudgedMigration['state'], string> = {
  applied: 'applied',
  pending: 'pending',
  edited: 'EDITED since it was applied',
  lost: 'LOST: applied, and its file is gone',
  skipped: 'SKIPPED: a later one is applied',
  newer: 'applied by a newer version than this',
}

export const statusLines = (all: readonly OwnerStatus[]): readonly string[] => {
  const width = Math.max(0, ...all.flatMap(one => one.migrations.map(({ name }) => name.length)))
  return all.flatMap(({ schema, migrations }) =>
    migrations.map(({ name, state, appliedAt }) => {
      const time = appliedAt === undefined ? '' : ` ${appliedAt.toISOString()}`
      return `${schema.padEnd(10)}${name.padEnd(width + 2)}${words[state]}${time}`
    }),
  )
}

/** Nothing to do and nothing wrong. */
export const isCurrent = (all: readonly OwnerStatus[]): boolean =>
  all.every(one => one.migrations.every(({ state }) => state === 'applied' || state === 'newer'))
