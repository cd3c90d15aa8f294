// Whatever is lost, doubled, delayed or fails on the way, what a client is sent continues exactly where it was.
import { CairnError, type ChangesPage, type Head } from '@cairn/contracts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Frame } from './frame.ts'
import { LogFollower } from './log-follower.ts'
import { RecentBudget, RecentPages, type LivePage } from './recent-pages.ts'

const epoch = 'e'
const pageOf = (from_seq: number, to_seq: number, head: number): ChangesPage => ({
  epoch,
  from_seq,
  to_seq,
  events: Array.from({ length: to_seq - from_seq + 1 }, (_, index) => ({
    seq: from_seq + index,
    received_at: '2026-01-01T00:00:00.000Z',
    event_id: '00000000-0000-4000-8000-000000000000',
    track_id: 't',
    item_id: 'i',
    kind: 'practiced' as const,
    occurred_at: '2026-01-01T00:00:00.000Z',
  })),
  items: [],
  tracks: [],
  totals: { tracks: 0, items: 0, completed_items: 0, points: 0, duration_ms: 0, event_count: 0, active_days: 0 },
  streak: { current: 0, longest: 0, last_day: null, valid_until: null },
  head: { epoch, seq: head },
  has_more: to_seq < head,
})

const live = (from_seq: number, to_seq: number): LivePage => ({
  epoch,
  from_seq,
  to_seq,
  frame: {
    type: 'progress.changed',
    data: JSON.stringify(pageOf(from_seq, to_seq, to_seq)),
    context: undefined,
  },
})

/** A log, a bus that a test can make lose things, and a client that insists on getting every event once and in order. */
class World {
  head = 3
  clientSeq = 3
  answers = 0
  resets: Head[] = []
  hasRoom = true
  readonly sent: string[] = []
  readonly reads: {
    since: Head
    head: number
    answer: (page: ChangesPage) => void
    fail: (error: unknown) => void
  }[] = []
  readonly onTheWay: LivePage[] = []
  readonly recent: RecentPages
  readonly follower: LogFollower
  /** The frame under way is one that came over the bus. */
  #live = new Set<Frame>()

  constructor({ recentPages = 4, recentBytes = 1_000_000, maxEventsBehind = 1_000 } = {}) {
    const keep = { pages: recentPages, bytes: 1_000_000, ageMs: 1_000 }
    this.recent = new RecentPages(keep, new RecentBudget(recentBytes))
    const log = {
      recent: this.recent,
      readChanges: (since: Head) =>
        new Promise<ChangesPage>((answer, fail) => this.reads.push({ since, head: this.head, answer, fail })),
      readHead: async () => ({ epoch, seq: this.head }),
      catchUp: (work: () => Promise<void>) =>
        work().then(
          () => undefined,
          () => 'inc_of_the_failure',
        ),
    }
    const isFull = (): boolean => !this.hasRoom
    const outlet = {
      send: (frame: Frame) => this.send(frame),
      get hasRoom() {
        return !isFull()
      },
      wake: () => undefined,
    }
    this.follower = new LogFollower(log, outlet, {
      maxEventsBehind,
      maxPageBytes: 100_000,
      retryDelayMs: 0,
      maxRetryDelayMs: 0,
    })
    this.follower.begin({ epoch, seq: this.head })
  }

  send(frame: Frame): void {
    const data = JSON.parse(frame.data) as ChangesPage
    if (frame.type === 'resume.reset') {
      this.resets.push(data.head)
      this.clientSeq = data.head.seq
      return
    }
    if (!this.#live.has(frame)) this.answers += 1
    this.take(this.#live.has(frame) ? 'live' : data.has_more ? 'more' : 'last', data)
  }

  receive(page: LivePage): void {
    this.#live.add(page.frame)
    this.recent.add(page, 0)
    this.follower.receive(page)
  }

  take(how: string, { from_seq: from, to_seq: to, events }: ChangesPage): void {
    if (from !== this.clientSeq + 1) throw new Error(`sent ${from}-${to} to a client that is at ${this.clientSeq}`)
    if (events.length !== to - from + 1) throw new Error(`sent ${events.length} events as ${from}-${to}`)
    this.clientSeq = to
    this.sent.push(`${how} ${from}-${to}`)
  }

  commit(count: number): LivePage {
    const page = live(this.head + 1, this.head + count)
    this.head += count
    return page
  }

  resume(seq: number): void {
    this.clientSeq = seq
    this.follower.resume({ epoch, seq })
  }

  /** Answers the oldest read with the log as it is now, or as it was when the read began. */
  async answer(maxEvents = 1_000, when: 'now' | 'begun' = 'now'): Promise<void> {
    const read = this.reads.shift()
    if (read === undefined) return
    const { seq } = read.since
    const head = when === 'now' ? this.head : read.head
    if (seq > head || read.since.epoch !== epoch) read.fail(new CairnError('resync_required'))
    else read.answer(pageOf(seq + 1, Math.min(head, seq + maxEvents), head))
    await settled()
  }

  async fail(): Promise<void> {
    this.reads.shift()?.fail(new CairnError('unavailable'))
    await settled()
  }

  /** Everything works again: the follower catches up with the head, by itself when nothing was lost. */
  async recover(lost: boolean): Promise<void> {
    this.hasRoom = true
    if (lost) this.follower.doubt()
    for (let round = 0; round < 1_000; round += 1) {
      this.follower.continue(Number.POSITIVE_INFINITY)
      if (this.reads.length === 0) return
      await this.answer()
    }
    throw new Error('never catches up')
  }
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('LogFollower', () => {
  it('passes on what fits and drops what is known', () => {
    const world = new World()
    const page = world.commit(2)
    world.receive(page)
    world.receive(page)
    expect(world.sent).toEqual(['live 4-5'])
    expect(world.reads).toHaveLength(0)
  })

  it('repairs a gap before anything later is sent, with one read', async () => {
    const world = new World()
    world.commit(2)
    world.receive(world.commit(1))
    world.receive(world.commit(1))
    expect(world.sent).toEqual([])
    expect(world.reads).toHaveLength(1)
    await world.answer()
    expect(world.sent).toEqual(['last 4-7'])
    world.receive(world.commit(1))
    expect(world.sent).toEqual(['last 4-7', 'live 8-8'])
  })

  it('sends what was committed after the read as it came', async () => {
    const world = new World()
    world.commit(1)
    world.receive(world.commit(1))
    const later = live(6, 6)
    world.receive(later)
    await world.answer()
    expect(world.sent).toEqual(['last 4-5', 'live 6-6'])
  })

  it('answers a resume with an empty page when nothing was missed', async () => {
    const world = new World()
    world.resume(3)
    await world.answer()
    expect(world.sent).toEqual(['last 4-3'])
  })

  it('answers a resume page by page', async () => {
    const world = new World()
    world.resume(0)
    await world.answer(2)
    await world.answer(2)
    expect(world.sent).toEqual(['more 1-2', 'last 3-3'])
  })

  it('lets a second resume replace the first', async () => {
    const world = new World()
    world.resume(0)
    world.resume(2)
    await world.answer()
    expect(world.sent).toEqual([])
    await world.answer()
    expect(world.sent).toEqual(['last 3-3'])
    expect(world.reads).toHaveLength(0)
  })

  it('says nothing when a check finds nothing', async () => {
    const world = new World()
    world.follower.doubt()
    await world.answer()
    expect(world.sent).toEqual([])
    world.receive(world.commit(1))
    expect(world.sent).toEqual(['live 4-4'])
  })

  it.each([
    ['another epoch', { epoch: 'other', seq: 2 }],
    ['a position beyond the head', { epoch, seq: 4 }],
  ])('resets on %s and is live from the head', async (_what, position) => {
    const world = new World()
    world.follower.resume(position)
    await world.answer()
    expect(world.resets).toEqual([{ epoch, seq: 3 }])
    world.receive(world.commit(1))
    expect(world.sent).toEqual(['live 4-4'])
  })

  it('resets a client that is too far back, and not one that is exactly as far as allowed', async () => {
    const world = new World({ maxEventsBehind: 2 })
    world.resume(1)
    await world.answer()
    expect(world.resets).toEqual([])
    world.resume(0)
    await world.answer()
    expect(world.resets).toEqual([{ epoch, seq: 3 }])
  })

  it('sends nothing while there is no room, and catches up when there is', async () => {
    const world = new World()
    world.hasRoom = false
    world.receive(world.commit(1))
    world.follower.continue(0)
    expect(world.reads).toHaveLength(0)
    world.hasRoom = true
    world.follower.continue(0)
    expect(world.sent).toEqual(['live 4-4'])
    expect(world.reads).toHaveLength(0)
  })

  it('reads what came without room when the node had nothing left to keep it with', async () => {
    const world = new World({ recentBytes: 0 })
    world.hasRoom = false
    world.receive(world.commit(1))
    world.hasRoom = true
    world.follower.continue(0)
    await world.answer()
    expect(world.sent).toEqual(['last 4-4'])
    world.receive(world.commit(1))
    expect(world.sent).toEqual(['last 4-4', 'live 5-5'])
  })

  it('reads what came while it read when the node had nothing left to keep it with', async () => {
    const world = new World({ recentBytes: 0 })
    world.resume(1)
    world.receive(world.commit(1))
    await world.answer(1_000, 'begun')
    await world.answer()
    expect(world.sent).toEqual(['last 2-3', 'last 4-4'])
  })

  it('reads what came so long ago that it is not kept any more', async () => {
    const world = new World()
    world.hasRoom = false
    world.receive(world.commit(1))
    world.recent.prune(2_000)
    world.hasRoom = true
    world.follower.continue(0)
    await world.answer()
    expect(world.sent).toEqual(['last 4-4'])
  })

  it('reads what it missed without room when recent pages do not go back so far', async () => {
    const world = new World({ recentPages: 1 })
    world.hasRoom = false
    for (const _ of [1, 2, 3]) world.receive(world.commit(1))
    world.hasRoom = true
    world.follower.continue(0)
    await world.answer()
    expect(world.sent).toEqual(['last 4-6'])
  })

  it('answers a resume from recent pages as one page, without a read', () => {
    const world = new World()
    for (const count of [2, 1]) world.receive(world.commit(count))
    world.resume(3)
    world.resume(5)
    world.resume(6)
    expect(world.sent).toEqual(['live 4-5', 'live 6-6', 'last 4-6', 'last 6-6', 'last 7-6'])
    expect(world.reads).toHaveLength(0)
  })

  it.each([
    ['begins within one of them', 4],
    ['is older than they are', 2],
  ])('reads for a resume that %s', async (_what, seq) => {
    const world = new World()
    world.receive(world.commit(2))
    world.resume(seq)
    await world.answer()
    expect(world.sent).toEqual(['live 4-5', `last ${seq + 1}-5`])
  })

  it('trusts recent pages no more than the log, as soon as there is a doubt', async () => {
    const world = new World()
    world.receive(world.commit(1))
    world.commit(1)
    world.follower.doubt()
    world.resume(3)
    expect(world.sent).toEqual(['live 4-4'])
    await world.answer()
    await world.answer()
    expect(world.sent).toEqual(['live 4-4', 'last 4-5'])
  })

  it('reads again when a doubt comes up while it reads', async () => {
    const world = new World()
    world.follower.doubt()
    world.commit(1)
    world.follower.doubt()
    await world.answer(1_000, 'begun')
    expect(world.reads).toHaveLength(1)
    await world.answer()
    expect(world.sent).toEqual(['last 4-4'])
  })

  it('finds that the last page was lost when it is told the head', async () => {
    const world = new World()
    world.follower.checkAgainst({ epoch, seq: 3 })
    expect(world.reads).toHaveLength(0)
    world.commit(1)
    world.follower.checkAgainst({ epoch, seq: 4 })
    await world.answer()
    expect(world.sent).toEqual(['last 4-4'])
  })

  it('does nothing any more once stopped', async () => {
    const world = new World()
    world.resume(0)
    world.follower.stop()
    await world.answer()
    world.receive(world.commit(1))
    world.follower.resume({ epoch, seq: 0 })
    expect(world.sent).toEqual([])
    expect(world.reads).toHaveLength(0)
  })

  it('is never confused by a page that the log knows nothing of', async () => {
    const world = new World()
    world.receive(live(900, 901))
    await world.answer()
    expect(world.sent).toEqual([])
    expect(world.reads).toHaveLength(0)
    world.receive(world.commit(1))
    expect(world.sent).toEqual(['live 4-4'])
  })

  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('double' as const), which: fc.nat() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        count: fc.integer({ min: 1, max: 5 }),
        when: fc.constantFrom('now' as const, 'begun' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('room' as const), has: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('continue' as const) }) },
  )

  it('delivers every event once and in order, whatever happens on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), fc.constantFrom(0, 1_000_000), async (actions, kept) => {
        const world = new World({ recentBytes: kept })
        const lost = actions.some(step => step.do === 'lose')
        const pick = (which: number): number => which % Math.max(world.onTheWay.length, 1)
        for (const step of actions) {
          if (step.do === 'commit') world.onTheWay.push(world.commit(step.count))
          else if (step.do === 'deliver') {
            for (const page of world.onTheWay.splice(pick(step.which), 1)) world.receive(page)
          } else if (step.do === 'lose') world.onTheWay.splice(pick(step.which), 1)
          else if (step.do === 'double') world.onTheWay.push(...world.onTheWay.slice(pick(step.which)).slice(0, 1))
          else if (step.do === 'answer') await world.answer(step.count, step.when)
          else if (step.do === 'fail') await world.fail()
          else if (step.do === 'resume') world.resume(step.which % (world.head + 1))
          else if (step.do === 'room') world.hasRoom = step.has
          else world.follower.continue(Number.POSITIVE_INFINITY)
        }
        for (const page of lost ? [] : world.onTheWay) world.receive(page)
        await world.recover(lost)
        expect(world.clientSeq).toBe(world.head)
        expect(world.resets).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
