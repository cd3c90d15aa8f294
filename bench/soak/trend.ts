// How what a process holds changes over a soak, and whether that is growth. The first half does not count: what is kept of tokens fills
// for as long as they live, ten minutes, and so long the allocator takes to have its size.
import { median, rounded, slope } from '../harness/statistics.ts'

const warmUpShare = 0.5
const mib = 2 ** 20

/**
 * What counts as flat, in MiB an hour. A leak of 10 would take the memory that deploy/kubernetes allows a service in a day, so it has to
 * break both; a run of twenty minutes, on a machine without other work, is uncertain by 3 for the heap after a collection, and by 6 for RSS,
 * where V8 and the allocator give pages back when they like.
 */
const mostPerHour = { heap: 5, rss: 8 } as const

export interface Sample {
  readonly atMs: number
  readonly rss: number
  readonly heap: number
  readonly descriptors: number
  readonly subscriptions: number
}

export interface Trend {
  readonly member: string
  readonly rssMiB: number
  readonly rssMiBPerHour: number
  /** Its low-water mark: a sample above it met a request between the collection and the reading. */
  readonly heapMiB: number
  readonly heapMiBPerHour: number
  readonly descriptors: readonly [number, number]
  readonly subscriptions: readonly [number, number]
  /** RSS and heap of each window that counts, in MiB. */
  readonly windows: readonly (readonly [number, number])[]
}

export const trendOf = (member: string, samples: readonly Sample[], windowMs: number): Trend => {
  const counted = samples.slice(Math.floor(samples.length * warmUpShare))
  const startedAt = counted[0]?.atMs ?? 0
  const windows = Object.values(Object.groupBy(counted, ({ atMs }) => Math.floor((atMs - startedAt) / windowMs)))
    // The last one is cut off: a single sample is no low-water mark.
    .slice(0, -1) as Sample[][]
  const perHour = (valueOf: (window: readonly Sample[]) => number): number =>
    slope(windows.map(window => [window[0]?.atMs ?? 0, valueOf(window)] as const)) * 3_600_000
  const ends = (valueOf: (sample: Sample) => number): [number, number] => {
    const fifth = Math.ceil(counted.length / 5)
    return [median(counted.slice(0, fifth).map(valueOf)), median(counted.slice(-fifth).map(valueOf))]
  }
  const leastHeap = (window: readonly Sample[]): number => Math.min(...window.map(({ heap }) => heap))
  return {
    member,
    rssMiB: median(counted.map(({ rss }) => rss)) / mib,
    rssMiBPerHour: perHour(window => median(window.map(({ rss }) => rss))) / mib,
    heapMiB: median(windows.map(leastHeap)) / mib,
    heapMiBPerHour: perHour(leastHeap) / mib,
    descriptors: ends(({ descriptors }) => descriptors),
    subscriptions: ends(({ subscriptions }) => subscriptions),
    windows: windows.map(window => [
      rounded(median(window.map(({ rss }) => rss)) / mib),
      rounded(leastHeap(window) / mib),
    ]),
  }
}

export const isFlat = ({ heapMiBPerHour, rssMiBPerHour }: Trend, kind: 'heap' | 'rss'): boolean =>
  (kind === 'heap' ? heapMiBPerHour : rssMiBPerHour) <= mostPerHour[kind]
