// What a benchmark is: a file `bench/<name>.ts` that exports one of these as `bench`.
import type { Table } from './table.ts'

export interface BenchContext {
  /** A run of seconds that shows that everything works; its figures mean nothing. */
  readonly smoke: boolean
  /** Where servers may keep their files; gone afterwards. */
  readonly directory: string
  /** One line of progress, without its newline. */
  readonly say: (line: string) => void
}

export interface BenchResult {
  readonly tables: readonly Table[]
  /** Numbers for machines: flat, units in the names. */
  readonly figures: Readonly<Record<string, unknown>>
  /** What the benchmark has to show, each held or not. */
  readonly bars: Readonly<Record<string, boolean>>
}

export interface Bench {
  readonly name: string
  /** Its bars are about what is right, not how fast: they hold at any size, and the suite asks for them. */
  readonly exact?: true
  run(context: BenchContext): Promise<BenchResult>
}
