// When keys are loaded, how often, and what is served while they cannot be.
import type { KeySet, PublicKey } from '@cairn/contracts'
import { createLogger } from '@cairn/runtime'
import { eventually } from '@cairn/testkit'
import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { KeyRing } from './key-ring.ts'

const logger = createLogger({ service: 'test', level: 'silent' })
let publicX = ''
let rings: KeyRing[] = []

beforeAll(async () => {
  publicX = (await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).publicKey)).x ?? ''
})
afterEach(() => {
  for (const ring of rings.splice(0)) ring.stop()
})

const key = (kid: string): PublicKey => ({ kid, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x: publicX })

/** A key set that answers as told, and counts. */
const source = (unknownKeyFloorMs = 0) => {
  const state = { loads: 0, up: true, ids: ['a'] }
  const readKeySet = async (): Promise<KeySet> => {
    state.loads += 1
    await Promise.resolve()
    if (!state.up) throw new Error('down')
    return { keys: state.ids.map(key) }
  }
  const ring = new KeyRing({ logger, readKeySet, unknownKeyFloorMs, retryDelayMs: 5 })
  rings.push(ring)
  return { state, ring }
}

const loaded = async (ring: KeyRing): Promise<void> => {
  ring.refresh()
  await eventually(() => expect(ring.loaded).toBe(true))
}

describe('KeyRing', () => {
  it('loads in the background until it has worked', async () => {
    const { state, ring } = source()
    state.up = false
    ring.refresh()
    await eventually(() => expect(state.loads).toBeGreaterThan(2))
    expect(ring.loaded).toBe(false)
    state.up = true
    await eventually(() => expect(ring.loaded).toBe(true))
    expect(ring.keySet).toEqual({ keys: [key('a')] })
  })

  it('is unavailable until then', async () => {
    const { state, ring } = source()
    state.up = false
    await expect(ring.keyFor('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('loads once for a thousand unknown key ids at once, then keeps the floor', async () => {
    const { state, ring } = source(60_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => ring.keyFor(`forged ${index}`)))
    expect(await ring.keyFor('another')).toBeUndefined()
    expect(state.loads).toBe(1)
  })

  it('finds a key that is new', async () => {
    const { state, ring } = source()
    await loaded(ring)
    state.ids = ['a', 'b']
    expect(await ring.keyFor('b')).toBeDefined()
  })

  it('keeps the keys it knows while none are to be had, or none are in the set', async () => {
    const { state, ring } = source()
    await loaded(ring)
    state.up = false
    expect(await ring.keyFor('unknown')).toBeUndefined()
    expect(await ring.keyFor('a')).toBeDefined()
    state.up = true
    state.ids = []
    expect(await ring.keyFor('unknown')).toBeUndefined()
    expect(ring.has('a')).toBe(true)
  })

  it('reads again after the load that was under way when keys rotated', async () => {
    const { state, ring } = source()
    await loaded(ring)
    ring.refresh()
    state.ids = ['b']
    ring.refresh()
    await eventually(() => expect([ring.has('a'), ring.has('b')]).toEqual([false, true]))
  })

  it('stops trying when it is stopped', async () => {
    const { state, ring } = source()
    state.up = false
    ring.refresh()
    await eventually(() => expect(state.loads).toBeGreaterThan(0))
    ring.stop()
    ring.refresh()
    const { loads } = state
    state.up = true
    await expect(eventually(() => expect(state.loads).toBeGreaterThan(loads), 100)).rejects.toThrow('expected')
  })
})
