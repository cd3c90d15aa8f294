import { realtimeVariables, refuseUnreachableLimits } from '@cairn/realtime/config'
import { readEnvironment } from '@cairn/runtime'
import { describe, expect, it } from 'vitest'
import { stackContext } from '../../test/stack-context.ts'
import { planServices, widenedLimits } from './service-plan.ts'

describe('widenedLimits', () => {
  it('are those that the services really get, without what is set by hand', async () => {
    for (const environment of [{}, { REALTIME_SOCKETS_PER_USER: '5' }, { REALTIME_SOCKETS_PER_USER: '' }]) {
      const plans = await planServices(stackContext(environment))
      const given = Object.assign({}, ...plans.map(({ env }) => env)) as Record<string, string>
      for (const [name, value] of Object.entries(widenedLimits(environment))) expect(given[name]).toBe(value)
    }
    expect(widenedLimits({})).toHaveProperty('REALTIME_SOCKETS_PER_USER', '100')
    expect(widenedLimits({ REALTIME_SOCKETS_PER_USER: '5' })).not.toHaveProperty('REALTIME_SOCKETS_PER_USER')
  })
})

describe('planServices', () => {
  it('lets the frames of a client be raised as far as they go, over both doors', async () => {
    const plans = await planServices(stackContext({ REALTIME_FRAMES_PER_MINUTE: '1000000' }))
    const { env = {} } = plans.find(({ name }) => name === 'realtime') ?? {}
    const config = readEnvironment(realtimeVariables, env)
    expect(config.framesPerMinute).toBe(1_000_000)
    expect(() => refuseUnreachableLimits(config)).not.toThrow()
  })

  it('gives each service an ops port of its own, or the one that is set', async () => {
    const plans = await planServices(stackContext({ AUTH_OPS_PORT: '21000' }))
    const ports = plans.map(({ readyUrl }) => new URL(readyUrl).port)
    expect(new Set(ports).size).toBe(5)
    expect(ports).toContain('21000')
  })
})
