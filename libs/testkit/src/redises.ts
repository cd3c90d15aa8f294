// A Redis server for tests that freeze or kill it; everybody else shares the one of the run (`inject('backends').redisUrl`).
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { provideRedis, type Backend } from '@cairn/local'
import { inject } from 'vitest'

/** Always a private one, whatever REDIS_URL says: it is there to be hurt. */
export const startTestRedis = (): Promise<Backend> => {
  const own = join(inject('backends').directory, `redis-${randomBytes(4).toString('hex')}`)
  return provideRedis({ directory: own, env: {}, say: () => undefined })
}

/** The run's Redis, and a prefix for keys that nobody else has. */
export const sharedRedis = (): Record<'REDIS_URL' | 'REDIS_KEY_PREFIX', string> => ({
  REDIS_URL: inject('backends').redisUrl,
  REDIS_KEY_PREFIX: `test-${randomBytes(8).toString('hex')}`,
})
