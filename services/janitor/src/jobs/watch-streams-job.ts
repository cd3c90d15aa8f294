// Looks whether every stream is bounded, and how full it is: a full one drops its oldest events.
import { readStreamUsage } from '@cairn/bus'
import type { Job } from './job.ts'

/** `fullPercent`: of a stream's size, from which on it is nearly full. */
export const watchStreamsJob = (fullPercent: number): Job => ({
  name: 'stream-limits',
  step: async ({ bus, logger }) => {
    for (const { stream, bytes, maxBytes, maxAgeMs } of await readStreamUsage(bus)) {
      if (maxBytes === null || maxAgeMs === null) logger.error({ stream }, 'a stream has no limits')
      else if (bytes > (maxBytes * fullPercent) / 100) {
        logger.warn({ stream, bytes, max_bytes: maxBytes }, 'a stream is nearly full and will drop its oldest events')
      }
    }
    return { rows: 0, done: true }
  },
})
