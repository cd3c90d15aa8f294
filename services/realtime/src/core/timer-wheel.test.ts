// Everybody is called when due, not before, and not after having been taken off.
import { describe, expect, it } from 'vitest'
import { notScheduled, TimerWheel, type Timed } from './timer-wheel.ts'

const slotMs = 100
const start = Math.ceil(performance.now() / slotMs) * slotMs + 100 * slotMs

const timed = (name: string, calls: string[], next: (now: number) => number | undefined = () => undefined): Timed => ({
  slot: notScheduled,
  tick: now => {
    calls.push(`${name} ${Math.round(now - start)}`)
    return next(now)
  },
})

describe('TimerWheel', () => {
  const wheelAt = (now: number): TimerWheel => {
    const wheel = new TimerWheel({ slotMs, slots: 8 })
    wheel.advance(now)
    return wheel
  }
  const run = (wheel: TimerWheel, ms: number): void => {
    for (let now = 0; now <= ms; now += slotMs) wheel.advance(start + now)
  }

  it('calls each when it is due, again and again if wanted', () => {
    const calls: string[] = []
    const wheel = wheelAt(start)
    wheel.schedule(
      timed('often', calls, now => now + 200),
      start + 100,
    )
    wheel.schedule(timed('once', calls), start + 350)
    run(wheel, 500)
    expect(calls).toEqual(['often 100', 'often 300', 'once 400', 'often 500'])
  })

  it('looks once a turn at what is further away', () => {
    const calls: string[] = []
    const wheel = wheelAt(start)
    wheel.schedule(
      timed('late', calls, now => (now < start + 1_500 ? start + 1_500 : undefined)),
      start + 1_500,
    )
    run(wheel, 2_000)
    expect(calls).toEqual(['late 700', 'late 1400', 'late 1500'])
  })

  it('forgets what is cancelled, also by another one that is due with it, and what is put off', () => {
    const calls: string[] = []
    const wheel = wheelAt(start)
    const [cancelled, putOff] = [timed('cancelled', calls), timed('put off', calls)]
    const canceller = timed('canceller', calls, () => {
      wheel.cancel(cancelled)
      return undefined
    })
    wheel.schedule(canceller, start + 100)
    wheel.schedule(cancelled, start + 100)
    wheel.schedule(putOff, start + 100)
    wheel.schedule(putOff, start + 300)
    run(wheel, 400)
    expect(calls).toEqual(['canceller 100', 'put off 300'])
  })

  it('calls what is overdue at the next turn, and everybody once after a long pause', () => {
    const calls: string[] = []
    const wheel = wheelAt(start)
    wheel.schedule(timed('overdue', calls), start - 5_000)
    for (const after of [100, 300, 700]) wheel.schedule(timed(`after ${after}`, calls), start + after)
    wheel.advance(start + 60_000)
    expect(calls.toSorted()).toEqual(['after 100 60000', 'after 300 60000', 'after 700 60000', 'overdue 60000'])
  })
})
