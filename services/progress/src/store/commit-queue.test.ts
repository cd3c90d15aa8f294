import { CairnError, type SubmitResult } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { describe, expect, it } from 'vitest'
import type { Submission } from './commit-group.ts'
import { CommitQueue, type CommitQueueOptions } from './commit-queue.ts'

const submission = (userId: string, events = 1): Submission => ({
  userId,
  events: Array.from({ length: events }, () => ({ ok: false, eventId: null, errors: [] })),
  receivedAtMs: 0,
})
const resultFor = ({ userId }: Submission): SubmitResult => ({ results: [], head: { epoch: userId, seq: 0 } })
const later = (ms = 10_000): number => performance.now() + ms

/** A queue whose commits are finished by hand, in the order they were begun. */
const queueUnderTest = (limits: Partial<CommitQueueOptions> = {}) => {
  const begun: { group: readonly Submission[]; finish: () => void; fail: (error: unknown) => void }[] = []
  const failures: unknown[] = []
  const queue = new CommitQueue({
    maxWaitingEvents: 1_000,
    maxGroupEvents: 10,
    maxGroupsInFlight: 2,
    besideEvents: 1,
    besideAfterMs: 60_000,
    commit: group =>
      new Promise((resolve, reject) =>
        begun.push({ group, finish: () => resolve(group.map(resultFor)), fail: reject }),
      ),
    onGroupFailed: error => failures.push(error),
    ...limits,
  })
  const users = () => begun.map(({ group }) => group.map(one => one.userId).join(''))
  return { queue, begun, failures, users }
}
/** Lets everything happen that can happen by itself: an end, the schedule after it, the next start. */
const turn = async (): Promise<void> => {
  for (let left = 3; left > 0; left -= 1) await new Promise(resolve => setImmediate(resolve))
}

describe('requests that arrive together', () => {
  it('are committed together, each with its own answer', async () => {
    const { queue, begun, users } = queueUnderTest()
    const answers = ['a', 'b', 'c'].map(user => queue.submit(submission(user), later()))
    await turn()
    expect(users()).toEqual(['abc'])
    begun[0]?.finish()
    expect((await Promise.all(answers)).map(answer => answer.head.epoch)).toEqual(['a', 'b', 'c'])
  })

  it('wait while as many groups as allowed are in flight, and then go together', async () => {
    const { queue, begun, users } = queueUnderTest()
    const answers: Promise<unknown>[] = []
    for (const user of ['a', 'b', 'c', 'd']) {
      answers.push(queue.submit(submission(user), later()))
      await turn()
    }
    expect(users()).toEqual(['a', 'b'])
    begun[0]?.finish()
    await answers[0]
    await turn()
    expect(users()).toEqual(['a', 'b', 'cd'])
    for (const one of begun) one.finish()
    await Promise.all(answers)
  })

  it('wait for a group in flight while they are few, and go beside it when they are many', async () => {
    const { queue, begun, users } = queueUnderTest({ besideEvents: 3 })
    const answers: Promise<unknown>[] = []
    for (const user of ['a', 'b', 'c', 'd', 'e']) {
      answers.push(queue.submit(submission(user), later()))
      await turn()
    }
    expect(users()).toEqual(['a', 'bcd'])
    begun[1]?.finish()
    await answers[3]
    await turn()
    expect(users()).toEqual(['a', 'bcd'])
    begun[0]?.finish()
    await answers[0]
    await turn()
    expect(users()).toEqual(['a', 'bcd', 'e'])
  })

  it('go beside a group that takes long, however few', async () => {
    const { queue, users } = queueUnderTest({ besideEvents: 100, besideAfterMs: 30 })
    void queue.submit(submission('a'), later())
    await turn()
    const waitedFrom = performance.now()
    void queue.submit(submission('b'), later())
    await turn()
    expect(users()).toEqual(['a'])
    await eventually(() => expect(users()).toEqual(['a', 'b']))
    expect(performance.now() - waitedFrom).toBeGreaterThan(25)
  })

  it('are not more than a group may have, but one request always is one', async () => {
    const { queue, users } = queueUnderTest({ maxGroupsInFlight: 9 })
    for (const [user, events] of [
      ['a', 40],
      ['b', 6],
      ['c', 4],
      ['d', 1],
    ] as const) {
      void queue.submit(submission(user, events), later())
    }
    await turn()
    expect(users()).toEqual(['a', 'bc', 'd'])
  })

  it('of one user are in one group at a time, in order', async () => {
    const { queue, begun, users } = queueUnderTest()
    void queue.submit(submission('a'), later())
    await turn()
    const sizes = [1, 9, 2].map(events => submission('a', events))
    for (const one of sizes) void queue.submit(one, later())
    void queue.submit(submission('b'), later())
    await turn()
    expect(users()).toEqual(['a', 'b'])
    begun[0]?.finish()
    await turn()
    expect(users()).toEqual(['a', 'b', 'aa'])
    expect(begun[2]?.group).toEqual(sizes.slice(0, 2))
    begun[2]?.finish()
    await turn()
    expect(begun[3]?.group).toEqual(sizes.slice(2))
  })
})

describe('a request is refused as unavailable', () => {
  it('when too much waits, until there is room again', async () => {
    const { queue, begun } = queueUnderTest({ maxWaitingEvents: 10, maxGroupsInFlight: 1 })
    void queue.submit(submission('a'), later())
    await turn()
    const waiting = queue.submit(submission('b', 10), later())
    await expect(queue.submit(submission('c'), later())).rejects.toMatchObject({ code: 'unavailable' })
    begun[0]?.finish()
    await turn()
    begun[1]?.finish()
    await waiting
    void queue.submit(submission('c', 10), later())
    await turn()
    expect(begun).toHaveLength(3)
  })

  it('when its time is over before it was begun', async () => {
    const { queue, begun } = queueUnderTest({ maxGroupsInFlight: 1 })
    void queue.submit(submission('a'), later())
    await turn()
    const late = queue.submit(submission('b'), performance.now())
    begun[0]?.finish()
    await expect(late).rejects.toMatchObject({ code: 'unavailable' })
    expect(begun).toHaveLength(1)
  })
})

describe('a group that fails', () => {
  it('is tried request by request, so that only the guilty one fails', async () => {
    const tried: string[] = []
    const { queue, failures } = queueUnderTest({
      commit: group => {
        tried.push(group.map(one => one.userId).join(''))
        const guilty = group.some(one => one.userId === 'b')
        return guilty ? Promise.reject(new Error('a fault of b')) : Promise.resolve(group.map(resultFor))
      },
    })
    const answers = await Promise.allSettled(['a', 'b', 'c'].map(user => queue.submit(submission(user), later())))
    expect(answers.map(answer => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(answers[1]).toMatchObject({ reason: { code: 'internal' } })
    expect(tried).toEqual(['abc', 'a', 'b', 'c'])
    expect(failures).toHaveLength(1)
  })

  it('is not tried again when the connection was lost: nobody knows what became of it', async () => {
    const { queue, begun } = queueUnderTest()
    const answers = ['a', 'b'].map(user => queue.submit(submission(user), later()))
    await turn()
    begun[0]?.fail(new Error('Connection terminated unexpectedly'))
    for (const answer of await Promise.allSettled(answers)) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
      expect((answer as PromiseRejectedResult).reason).toBeInstanceOf(CairnError)
    }
    expect(begun).toHaveLength(1)
  })
})
