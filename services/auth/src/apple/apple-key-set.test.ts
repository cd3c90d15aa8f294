// When Apple's keys are fetched, and what is served while they are not to be had.
import { createLogger } from '@cairn/runtime'
import { generateKeyPair, type CryptoKey } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { AppleKeySet } from './apple-key-set.ts'

const logger = createLogger({ service: 'test', level: 'silent' })
const always = { logger, maxAgeSeconds: 600, staleSeconds: 86_400, fetchFloorMs: 0 }

let key: CryptoKey
beforeAll(async () => {
  key = (await generateKeyPair('RS256')).publicKey
})

/** Answers as told and counts. */
const source = () => {
  const state = { fetches: 0, up: true, ids: ['a', 'b'] }
  const fetchKeys = async () => {
    state.fetches += 1
    await Promise.resolve()
    if (!state.up) throw new Error('down')
    return new Map(state.ids.map(id => [id, key]))
  }
  return { state, fetchKeys }
}

describe('AppleKeySet', () => {
  it('fetches once for all who ask at once, and not again while it is fresh', async () => {
    const { state, fetchKeys } = source()
    const keys = new AppleKeySet({ ...always, fetchKeys })
    await Promise.all(Array.from({ length: 20 }, () => keys.keyFor('b')))
    expect(await keys.keyFor('a')).toBe(key)
    expect(state.fetches).toBe(1)
  })

  it('fetches for an unknown key id, and finds one that is new', async () => {
    const { state, fetchKeys } = source()
    const keys = new AppleKeySet({ ...always, fetchKeys })
    await keys.keyFor('a')
    state.ids = ['c']
    expect(await keys.keyFor('c')).toBe(key)
    expect(await keys.keyFor('a')).toBeUndefined()
  })

  it('keeps the floor between fetches however many unknown ids come', async () => {
    const { state, fetchKeys } = source()
    const keys = new AppleKeySet({ ...always, fetchFloorMs: 60_000, fetchKeys })
    for (let index = 0; index < 50; index += 1) expect(await keys.keyFor(`forged ${index}`)).toBeUndefined()
    expect(state.fetches).toBe(1)
  })

  it('serves a known key while Apple is down, and cannot tell about an unknown one', async () => {
    const { state, fetchKeys } = source()
    const keys = new AppleKeySet({ ...always, maxAgeSeconds: 0, fetchKeys })
    await keys.keyFor('a')
    state.up = false
    expect(await keys.keyFor('a')).toBe(key)
    await expect(keys.keyFor('new')).rejects.toMatchObject({ code: 'unavailable' })
    state.up = true
    expect(await keys.keyFor('new')).toBeUndefined()
  })

  it('believes a withdrawal when the set has come of age', async () => {
    const { state, fetchKeys } = source()
    const keys = new AppleKeySet({ ...always, maxAgeSeconds: 0, fetchKeys })
    await keys.keyFor('a')
    state.ids = ['b']
    expect(await keys.keyFor('a')).toBeUndefined()
  })

  it('does not serve keys for ever, nor before there were any', async () => {
    const { state, fetchKeys } = source()
    const keys = new AppleKeySet({ ...always, maxAgeSeconds: 0, staleSeconds: 0, fetchKeys })
    state.up = false
    await expect(keys.keyFor('a')).rejects.toMatchObject({ code: 'unavailable' })
    state.up = true
    await keys.keyFor('a')
    state.up = false
    await expect(keys.keyFor('a')).rejects.toMatchObject({ code: 'unavailable' })
  })
})
