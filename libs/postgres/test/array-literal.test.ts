import { numberArray, plainArray, textArray } from '@cairn/postgres'
import { createEmptyDatabase, type EmptyDatabase } from '@cairn/testkit'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

let database: EmptyDatabase
let client: pg.Client
beforeAll(async () => {
  database = await createEmptyDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

/** As PostgreSQL reads it. */
const read = async (literal: string, type: string): Promise<unknown> =>
  (await client.query<{ read: unknown }>(`SELECT to_json($1::${type}[]) AS read`, [literal])).rows[0]?.read

it('texts are what they were, whatever is in them', async () => {
  // PostgreSQL has no NUL, and half a surrogate pair is no UTF-8.
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', '\\', ',', '{', '}', ' ', "'", '\n'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  })
  const storable = text.map(one => one.replaceAll('\0', ''))
  await fc.assert(
    fc.asyncProperty(fc.array(storable), async texts => {
      expect(await read(textArray(texts), 'text')).toEqual(texts)
    }),
    { examples: [[['', 'NULL', 'null', '"', '\\', '\\"', 'a,b', '{c}', '🜁', ' ']], [[]]] },
  )
})

it('numbers and plain texts may be missing', async () => {
  expect(await read(numberArray([1, null, -0.5, 1e21]), 'float8')).toEqual([1, null, -0.5, 1e21])
  expect(await read(numberArray([]), 'bigint')).toEqual([])
  expect(await read(plainArray(['2026-01-31', null]), 'date')).toEqual(['2026-01-31', null])
})
