import { describe, expect, it } from 'vitest'
import { isFlat, trendOf, type Sample } from './trend.ts'

const mib = 2 ** 20
const sampleEveryMs = 10_000
const windowMs = 60_000

/** Twenty minutes of a process that leaks; each third sample meets a request, and RSS goes up and down by itself. */
const samplesOf = (leak: { readonly heap: number; readonly rss: number }): readonly Sample[] =>
  Array.from({ length: 120 }, (_, index) => {
    const hours = (index * sampleEveryMs) / 3_600_000
    const [met, drift] = [index % 3 === 0 ? 4 : 0, Math.sin(index / 5)]
    return {
      atMs: index * sampleEveryMs,
      heap: (30 + leak.heap * hours + met) * mib,
      rss: (200 + leak.rss * hours + met + drift) * mib,
      descriptors: 40,
      subscriptions: 12,
    }
  })

const flatness = (leak: { readonly heap: number; readonly rss: number }): Record<'heap' | 'rss', boolean> => {
  const trend = trendOf('auth-1', samplesOf(leak), windowMs)
  return { heap: isFlat(trend, 'heap'), rss: isFlat(trend, 'rss') }
}

describe('what a process holds', () => {
  it.each([
    { heap: 0, rss: 0 },
    { heap: 2.7, rss: 5.7 },
  ])('is flat when it changes as much as twenty minutes are uncertain: $heap and $rss MiB/h', leak => {
    expect(flatness(leak)).toEqual({ heap: true, rss: true })
  })

  it('is not flat when 10 MiB an hour leak: on the heap, which is in RSS too, or beside it', () => {
    expect(flatness({ heap: 10, rss: 10 })).toEqual({ heap: false, rss: false })
    expect(flatness({ heap: 0, rss: 10 })).toEqual({ heap: true, rss: false })
  })

  it('may shrink', () => {
    expect(flatness({ heap: -20, rss: -20 })).toEqual({ heap: true, rss: true })
  })
})
