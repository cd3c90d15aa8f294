// A clean-up, or a look at what it would do.
import type { CleanUpBatch, CleanUpResult, DueRows } from '@cairn/contracts'

export interface CleaningUp {
  readonly remove: (limit: number) => Promise<number>
  readonly due: (limit: number) => Promise<DueRows>
}

export const cleaningUp =
  ({ remove, due }: CleaningUp) =>
  async ({ limit, dry_run: dryRun = false }: CleanUpBatch): Promise<CleanUpResult> =>
    dryRun ? { deleted: 0, due: await due(limit) } : { deleted: await remove(limit) }
