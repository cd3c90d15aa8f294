// Migrations, apart from what services load: no service migrates, and knex is not small.
export { type JudgedMigration } from './judge-history.ts'
export { migrate, type MigrateOptions, type OwnerSchema } from './migrate.ts'
export { readMigrationFiles, type MigrationFile } from './migration-files.ts'
export { readMigrationStatus, type OwnerStatus } from './migration-status.ts'
export { findOwners, serviceUrlVariable } from './owners.ts'
export { roleOf } from './roles.ts'
