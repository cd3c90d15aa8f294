// What a schema's history says beside the files: pure. Migrations only go forward, in order, and are never edited.
import type { MigrationFile } from './migration-files.ts'

export interface AppliedMigration {
  readonly name: string
  readonly checksum: string
  readonly applied_at: Date
}

export type MigrationState = 'applied' | 'pending' | 'edited' | 'lost' | 'skipped' | 'newer'

export interface JudgedMigration {
  readonly name: string
  /**
   * `edited`, `lost` (applied, and its file is gone) and `skipped` (not applied, though a later one is) are faults that nobody
   * can mend but by hand; `newer` (applied by a later version than this) is none: versions change one after the other.
   */
  readonly state: MigrationState
  readonly appliedAt?: Date
}

const numberOf = (name: string): number => Number(name.slice(0, 4))

/** By name. */
export const judgeHistory = (
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): readonly JudgedMigration[] => {
  const done = new Map(applied.map(one => [one.name, one]))
  const known = new Set(files.map(file => file.name))
  const lastApplied = Math.max(0, ...applied.map(one => numberOf(one.name)))
  const lastKnown = Math.max(0, ...files.map(file => file.number))
  const ofFiles = files.map(({ name, number, checksum }): JudgedMigration => {
    const one = done.get(name)
    if (one === undefined) return { name, state: number < lastApplied ? 'skipped' : 'pending' }
    return { name, state: one.checksum === checksum ? 'applied' : 'edited', appliedAt: one.applied_at }
  })
  const others = applied
    .filter(one => !known.has(one.name))
    .map(({ name, applied_at }): JudgedMigration => ({
      name,
      state: numberOf(name) > lastKnown ? 'newer' : 'lost',
      appliedAt: applied_at,
    }))
  return [...ofFiles, ...others].sort((a, b) => (a.name < b.name ? -1 : 1))
}

const faults: Partial<Record<MigrationState, string>> = {
  edited: 'was edited after it was applied: undo that, and write a new migration',
  lost: 'was applied, and its file is gone',
  skipped: 'was never applied, though a later one was: give it the next number',
}

/** Lines for people; empty when all is well. */
export const historyFaults = (schema: string, judged: readonly JudgedMigration[]): readonly string[] =>
  judged.flatMap(({ name, state }) => (faults[state] === undefined ? [] : [`${schema}: ${name} ${faults[state]}`]))
