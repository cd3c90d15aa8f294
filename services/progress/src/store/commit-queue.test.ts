import { CairnError, type SubmitResult } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { CommittedGroup, Submission } from './commit-group.ts'
import { CommitQueue, type CommitQueueOptions } from './commit-queue.ts'

const submission = (userId: string, events = 1): Submission => ({
  userId,
  events: Array.from({ length: events }, () => ({ ok: false, eventId: null, errors: [] })),
  receivedAtMs: 0,
})
const resultFor = ({ userId }: Submission): SubmitResult => ({ results: [], head: { epoch: userId, seq: 0 } })
const committed = (results: CommittedGroup['results']): CommittedGroup => ({ results, messages: [] })
const later = (ms = 10_000): number => performance.now() + ms

/** A queue whose commits are finished by hand, in the order they were begun. */
const queueUnderTest = (limits: Partial<CommitQueueOptions> = {}) => {
  const begun: { group: readonly Submission[]; finish: () => void; fail: (error: unknown) => void }[] = []
  const failures: string[][] = []
  const setAside: number[] = []
  const queue = new CommitQueue({
    maxWaitingEvents: 1_000,
    maxGroupEvents: 10,
    maxGroupsInFlight: 2,
    besideEvents: 1,
    besideAfterMs: 60_000,
    lockTimeoutMs: 500,
    commit: group =>
      new Promise((resolve, reject) =>
        begun.push({ group, finish: () => resolve(committed(group.map(resultFor))), fail: reject }),
      ),
    onCommitted: () => undefined,
    onGroupFailed: (_error, group) => failures.push(group.map(one => one.userId)),
    onSetAside: group => setAside.push(group.length),
    ...limits,
  })
  const users = () => begun.map(({ group }) => group.map(one => one.userId).join(''))
  return { queue, begun, failures, setAside, users }
}
/** Lets everything happen that can happen by itself: an end, the schedule after it, the next start. */
const turn = async (): Promise<void> => {
  for (let left = 5; left > 0; left -= 1) await new Promise(resolve => setImmediate(resolve))
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

it('the next group begins before the one before it is answered, and only then is told what that one has committed', async () => {
  const order: string[] = []
  const message = { id: 1, subject: 's', message_id: 'm', follows: 'l', payload: '{}', origin: null }
  const { queue } = queueUnderTest({
    maxGroupsInFlight: 1,
    commit: async group => {
      const [user] = group.map(one => one.userId)
      order.push(`${user} begins`)
      await turn()
      return { results: group.map(resultFor), messages: [{ ...message, subject: user ?? '' }] }
    },
    onCommitted: messages => order.push(`${messages.map(one => one.subject).join('')} is told`),
  })
  const answerOf = async (user: string): Promise<void> => {
    await queue.submit(submission(user), later())
    order.push(`${user} is answered`)
  }
  const first = answerOf('a')
  await new Promise(setImmediate)
  await Promise.all([first, answerOf('b')])
  await turn()
  expect(order).toEqual(['a begins', 'b begins', 'a is answered', 'a is told', 'b is answered', 'b is told'])
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
        return guilty ? Promise.reject(new Error('a fault of b')) : Promise.resolve(committed(group.map(resultFor)))
      },
    })
    const answers = await Promise.allSettled(['a', 'b', 'c'].map(user => queue.submit(submission(user), later())))
    expect(answers.map(answer => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(answers[1]).toMatchObject({ reason: { code: 'internal' } })
    expect(tried).toEqual(['abc', 'a', 'b', 'c'])
    expect(failures).toEqual([['a', 'b', 'c']])
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

describe('users whose log somebody else has locked', () => {
  const lockTimeout = (): Error => Object.assign(new pg.DatabaseError('lock timeout', 0, 'error'), { code: '55P03' })
  /** A queue over logs of which some are locked; a commit that waits for one has to be told that its time is over. */
  const queueOverLogs = (limits: Partial<CommitQueueOptions> = {}) => {
    const locked = new Set<string>()
    const tried: string[] = []
    const waits: (() => void)[] = []
    /** For commits that wait for no log. */
    const held = { until: Promise.resolve() }
    const commit = async (group: readonly Submission[], wait: boolean) => {
      tried.push((wait ? 'wait ' : '') + group.map(one => one.userId).join(''))
      if (wait && group.some(one => locked.has(one.userId))) {
        await new Promise<void>(resolve => waits.push(resolve))
        if (group.some(one => locked.has(one.userId))) throw lockTimeout()
      }
      if (!wait) await held.until
      if (group.some(one => one.events.length === 2)) throw new Error('a fault of its events')
      return committed(group.map(one => (locked.has(one.userId) ? undefined : resultFor(one))))
    }
    const waitIsOver = async (): Promise<void> => {
      await turn()
      for (const end of waits.splice(0)) end()
      await turn()
    }
    const under = queueUnderTest({ commit, ...limits })
    const submitAll = (users: string, deadlineAt = later()) =>
      Array.from(users, user => under.queue.submit(submission(user), deadlineAt))
    return { ...under, locked, tried, held, waitIsOver, submitAll }
  }

  it('hold up those they came with for one lock timeout, and nobody later', async () => {
    const { locked, tried, setAside, waitIsOver, submitAll } = queueOverLogs({ maxGroupsInFlight: 1 })
    locked.add('b').add('d')
    const [a, b, c] = submitAll('abc')
    const [d] = submitAll('d')
    await waitIsOver()
    await Promise.all([a, c])
    expect(tried).toEqual(['wait abcd', 'abcd', 'wait bd'])
    await Promise.all(submitAll('xyz'))
    await waitIsOver()
    expect(tried).toEqual(['wait abcd', 'abcd', 'wait bd', 'xyz', 'bd', 'wait bd'])
    expect(setAside).toEqual([2])
    locked.delete('b')
    await waitIsOver()
    await b
    await Promise.all(submitAll('b'))
    locked.clear()
    await waitIsOver()
    await d
    expect(tried.slice(6)).toEqual(['bd', 'wait d', 'b'])
  })

  it('keep the order of their requests, also beside one that fails, and with those that come while they wait', async () => {
    const { queue, locked, tried, waitIsOver, submitAll } = queueOverLogs()
    locked.add('a')
    const order: string[] = []
    const note = (what: string) => () => order.push(what)
    const before = submitAll('aab').map((answer, n) => answer.then(note(`${n}`)))
    const guilty = Promise.allSettled([queue.submit(submission('c', 2), later())])
    await waitIsOver()
    expect(await guilty).toMatchObject([{ reason: { code: 'internal' } }])
    expect(tried).toEqual(['wait aabc', 'aabc', 'a', 'b', 'c', 'wait aa'])
    const after = submitAll('aa').map((answer, n) => answer.then(note(`${3 + n}`)))
    await waitIsOver()
    expect(tried.slice(6)).toEqual(['aa', 'wait aaaa'])
    locked.clear()
    await waitIsOver()
    await Promise.all([...before, ...after])
    expect(order).toEqual(['2', '0', '1', '3', '4'])
    expect(tried).toHaveLength(8)
  })

  it('do not keep each other from their turn', async () => {
    const { queue, locked, tried, waitIsOver } = queueOverLogs({ maxGroupEvents: 5 })
    locked.add('a').add('b')
    for (const user of ['a', 'b']) void queue.submit(submission(user, 3), later())
    await turn()
    for (let left = 5; left > 0; left -= 1) await waitIsOver()
    expect(tried.filter(one => one.startsWith('wait'))).toEqual([
      'wait a',
      'wait b',
      'wait a',
      'wait b',
      'wait a',
      'wait b',
      'wait a',
    ])
  })

  it('do not make others go beside a group in flight', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { queue, locked, tried, held, waitIsOver, submitAll } = queueOverLogs({ besideEvents: 3 })
    locked.add('a')
    void queue.submit(submission('a'), later())
    await waitIsOver()
    void queue.submit(submission('a', 5), later())
    await turn()
    held.until = released
    const answers = [...submitAll('b')]
    await turn()
    answers.push(...submitAll('c'))
    await turn()
    expect(tried).toEqual(['wait a', 'a', 'wait a', 'b'])
    release()
    await Promise.all(answers)
    expect(tried.at(-1)).toBe('c')
  })

  it('leave room for others', async () => {
    const { queue, locked, waitIsOver, submitAll } = queueOverLogs({ maxWaitingEvents: 10 })
    locked.add('a')
    void queue.submit(submission('a', 4), later())
    await waitIsOver()
    void queue.submit(submission('a', 5), later())
    await expect(queue.submit(submission('a'), later())).rejects.toMatchObject({ code: 'unavailable' })
    await Promise.all(submitAll('bcdef'))
  })

  it('are refused as unavailable before nobody waits for the answer', async () => {
    const { queue, locked, tried, waitIsOver, submitAll } = queueOverLogs({ lockTimeoutMs: 10_000 })
    locked.add('a')
    const answers = Promise.allSettled(submitAll('ab', later(9_000)))
    await waitIsOver()
    expect(await answers).toMatchObject([
      { reason: { code: 'unavailable', cause: { message: 'somebody else has locked the log' } } },
      { status: 'fulfilled' },
    ])
    expect(tried).toEqual(['wait ab', 'ab'])
    expect(queue.waitingEvents).toBe(0)
    locked.clear()
    await Promise.all(submitAll('a'))
    expect(tried).toEqual(['wait ab', 'ab', 'wait a'])
  })

  it('are tried no more when it is no log that is locked', async () => {
    const tried: boolean[] = []
    const { queue } = queueUnderTest({
      commit: (_group, wait) => {
        tried.push(wait)
        return Promise.reject(lockTimeout())
      },
    })
    const answers = await Promise.allSettled(['a', 'b'].map(user => queue.submit(submission(user), later())))
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
    expect(tried).toEqual([true, false])
  })
})
