// What a statement runs on: the pool, or the connection of a transaction.
import type pg from 'pg'

export type Queryable = pg.Pool | pg.PoolClient
