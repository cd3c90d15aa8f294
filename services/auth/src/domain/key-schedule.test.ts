// When keys are made, sign, are only verified, and are not any more.
import { describe, expect, it } from 'vitest'
import { planKeys, type KeyAge } from './key-schedule.ts'

const rules = { rotationSeconds: 1_000, publishSeconds: 100, previousSeconds: 600 }
const key = (state: KeyAge['state'], seconds: number, kid: string = state): KeyAge => ({ kid, state, seconds })
const nothing = { promote: undefined, revoke: [], makeStandby: false, readyInSeconds: 0 }
const rotate = { rotate: true, revokePrevious: false }

describe('keys', () => {
  it('rest while the current one is young', () => {
    expect(planKeys([key('current', 999), key('standby', 100)], rules)).toEqual(nothing)
  })
  it('always have a standby', () => {
    expect(planKeys([key('current', 1)], rules)).toMatchObject({ promote: undefined, makeStandby: true })
  })
  it('rotate when the current one is old and the next one known', () => {
    expect(planKeys([key('current', 1_000), key('standby', 100)], rules)).toEqual({
      ...nothing,
      promote: 'standby',
      makeStandby: true,
    })
  })
  it('wait for the next one to be known, by schedule and by order', () => {
    const keys = [key('current', 5_000), key('standby', 40)]
    expect(planKeys(keys, rules)).toEqual({ ...nothing, readyInSeconds: 60 })
    expect(planKeys(keys, rules, rotate)).toEqual({ ...nothing, readyInSeconds: 60 })
    expect(planKeys([key('current', 5_000)], rules, rotate)).toMatchObject({ promote: undefined, readyInSeconds: 100 })
  })
  it('rotate by order at any age', () => {
    expect(planKeys([key('current', 1), key('standby', 100)], rules, rotate)).toMatchObject({ promote: 'standby' })
  })
  it('that stopped signing are verified until their tokens are dead', () => {
    const keys = [key('current', 1), key('standby', 1), key('previous', 599, 'a'), key('previous', 600, 'b')]
    expect(planKeys(keys, rules)).toMatchObject({ revoke: ['b'] })
  })
  it('are revoked by order together with the one that signs, never without another to sign', () => {
    const order = { rotate: true, revokePrevious: true }
    const keys = [key('current', 1), key('previous', 1)]
    expect(planKeys([...keys, key('standby', 100)], rules, order)).toMatchObject({
      promote: 'standby',
      revoke: ['previous', 'current'],
    })
    expect(planKeys([...keys, key('standby', 99)], rules, order)).toMatchObject({ promote: undefined, revoke: [] })
  })
})
