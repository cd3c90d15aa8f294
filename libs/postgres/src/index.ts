// PostgreSQL as Cairn uses it: bounded pool, transactions, migrations, roles, outbox relay.
export * from './failures.ts'
export * from './migrate.ts'
export * from './outbox.ts'
export * from './owners.ts'
export * from './pool.ts'
export * from './transaction.ts'
