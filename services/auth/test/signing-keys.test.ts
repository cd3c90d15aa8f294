// Looks at the signing keys at once, the first of them slow: what is known afterwards is what the last one saw.
import { eventually } from '@cairn/testkit'
import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { deriveKeys } from '../src/crypto/derive-key.ts'
import { SigningKeys } from '../src/crypto/signing-keys.ts'
import { readSigningKeys } from '../src/store/read-signing-keys.ts'
import { startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

let under: AuthUnderTest
beforeAll(async () => {
  under = await startAuthUnderTest()
})
afterAll(async () => {
  await under.stop()
})

/** The database as it is, but that every answer passes `onAnswer` on its way. */
const slowPool = (onAnswer: () => Promise<void>): pg.Pool => {
  const query = async (statement: pg.QueryConfig): Promise<pg.QueryResult> => {
    const answer = await under.database.query(statement)
    await onAnswer()
    return answer
  }
  return Object.create(under.database, { query: { value: query } }) as pg.Pool
}
const addKey = () =>
  under.database.query(`INSERT INTO auth.signing_keys (kid, state, private_key_sealed, public_key, state_changed_at)
    SELECT gen_random_uuid()::text, 'previous', '', '{}', now()`)

it('a look that began later is not undone by one that began earlier, and those that wait look together', async () => {
  let answers = 0
  const [answered, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const pool = slowPool(async () => {
    answers += 1
    if (answers !== 2) return
    answered.resolve()
    await release.promise
  })
  const rules = { rotationSeconds: 1e6, publishSeconds: 1, previousSeconds: 1e6 }
  const keys = await SigningKeys.load({ pool, sealingKeys: deriveKeys(under.config, 'signingKeys'), rules })
  const slow = keys.reload()
  await answered.promise
  await addKey()
  const later = Promise.all([keys.reload(), keys.reload(), keys.reload()])
  await Promise.race([later, under.database.query('SELECT pg_sleep(0.2)')])
  release.resolve()
  expect(await slow).toBe(false)
  expect(await later).toEqual([true, true, true])
  expect(keys.keySet.keys).toEqual((await readSigningKeys(under.database)).map(key => key.public_key))
  expect(answers).toBe(3)
})

it('a look that fails leaves the next one alone', async () => {
  let fails = false
  const pool = slowPool(async () => {
    if (fails) throw new Error('gone')
  })
  const rules = { rotationSeconds: 1e6, publishSeconds: 1, previousSeconds: 1e6 }
  const keys = await SigningKeys.load({ pool, sealingKeys: deriveKeys(under.config, 'signingKeys'), rules })
  fails = true
  await expect(keys.reload()).rejects.toThrow('gone')
  fails = false
  await addKey()
  expect(await keys.reload()).toBe(true)
})

it('a look that gets no answer in time says that the database is not available', async () => {
  const another = await under.startAnother({ AUTH_KEY_CHECK_MS: '100', AUTH_STATEMENT_TIMEOUT_MS: '200' })
  const client = await under.database.connect()
  try {
    // "akey", as in lock-signing-keys.ts: whoever looks waits for it until the statement has no time left.
    await client.query('SELECT pg_advisory_lock($1)', [0x61_6b_65_79])
    await eventually(() => {
      const line = under.logs.lines.find(one => one.includes('could not look at the signing keys'))
      expect(JSON.parse(line ?? '{}')).toMatchObject({ job: 'signing-keys', code: 'unavailable' })
    })
  } finally {
    // The session, and the lock with it.
    client.release(true)
    await another.stop()
  }
})
