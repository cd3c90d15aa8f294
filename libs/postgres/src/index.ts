// PostgreSQL as Cairn uses it: bounded pool, transactions, outbox relay. Migrations are `@cairn/postgres/migrate`.
export * from './array-literal.ts'
export * from './failures.ts'
export * from './outbox.ts'
export * from './pipelined-transaction.ts'
export * from './pool.ts'
export * from './schema-errors.ts'
export * from './schema-gate.ts'
export * from './transaction.ts'
