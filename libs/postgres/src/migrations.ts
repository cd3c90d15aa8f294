// Migrations, apart from what services load: no service migrates, and knex is not small.
export * from './migrate.ts'
export * from './owners.ts'
