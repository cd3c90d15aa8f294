// Limits as a process opens them, on a real Redis; what a test opens or leaves to clean up is gone after it.
import { readEnvironment, type Environment } from '@cairn/runtime'
import { captureLogs, eventually, sharedRedis } from '@cairn/testkit'
import { afterEach, expect } from 'vitest'
import { edgeVariables, startRateLimits, type Policy, type RateLimits } from '../src/index.ts'

export const logs = captureLogs()
export const policy: Policy = { name: 'calls', points: 10, windowSeconds: 60 }
/** Run after the test, the last first. */
export const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

export const open = (environment: Environment): RateLimits => {
  const config = readEnvironment(edgeVariables, environment)
  const limits = startRateLimits({ config, logger: logs.loggerFor('edge') })
  cleanUps.push(() => limits.stop())
  return limits
}

/** A busy machine is no lost Redis. */
export const patientRedis = (): Environment => ({ ...sharedRedis(), REDIS_TIMEOUT_MS: '5000' })

export const opened = async (environment: Environment = patientRedis()): Promise<RateLimits> => {
  const limits = open(environment)
  await eventually(() => expect(limits.shared).toBe(true))
  return limits
}

export const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work)
