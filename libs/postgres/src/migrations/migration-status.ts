// What of each owner's migrations a database has; changes nothing.
import { hasTable, historyTable, readHistory } from './history.ts'
import { judgeHistory, type JudgedMigration } from './judge-history.ts'
import type { OwnerSchema } from './migrate.ts'
import { readMigrationFiles } from './migration-files.ts'
import { withMigratorConnection } from './migrator-connection.ts'

export interface OwnerStatus {
  readonly schema: string
  readonly migrations: readonly JudgedMigration[]
}

const limits = { statementTimeoutMs: 10_000, lockTimeoutMs: 5_000 }

/** In the order of the owners. */
export const readMigrationStatus = (
  databaseUrl: string,
  owners: readonly OwnerSchema[],
): Promise<readonly OwnerStatus[]> =>
  withMigratorConnection({ databaseUrl, ...limits }, async database => {
    const all: OwnerStatus[] = []
    for (const { schema, directory } of owners) {
      const begun = await hasTable(database, schema, historyTable)
      const applied = begun ? await readHistory(database, schema) : []
      all.push({ schema, migrations: judgeHistory(await readMigrationFiles(directory), applied) })
    }
    return all
  })
