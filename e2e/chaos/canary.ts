// A user whose two phones try all the time whether the whole way is there: a sign-in, a refresh, and an event recorded on one phone
// that the other is told of. What it takes to come back after a fault is read from its log.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '@cairn/contracts'
import type { PatientApi, Phone } from '@cairn/testkit/load'

const everyMs = 100
const givenUpAfterMs = 60_000
const pollMs = 10

export class Canary {
  readonly #api: PatientApi
  readonly #phones: readonly [Phone, Phone]
  /** When each probe that came through began and ended. */
  readonly #probes: { readonly beganAt: number; readonly endedAt: number }[] = []
  readonly recorded = new Set<string>()
  #stopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(api: PatientApi, phones: readonly [Phone, Phone]) {
    this.#api = api
    this.#phones = phones
  }

  start(): void {
    this.#running = this.#sing()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  /** Milliseconds from `healedAt` until a probe that began later is through; waits for that. */
  async recovery(healedAt: number): Promise<number> {
    for (;;) {
      const probe = this.#probes.findLast(({ beganAt }) => beganAt >= healedAt)
      const first = probe && this.#probes.find(({ beganAt }) => beganAt >= healedAt)
      if (first !== undefined) return first.endedAt - healedAt
      if (performance.now() - healedAt > givenUpAfterMs) return Infinity
      await sleep(pollMs)
    }
  }

  /** The longest time without a probe that came through, of those that touch the span. */
  longestGap(from: number, to: number): number {
    const ends = [from, ...this.#probes.map(({ endedAt }) => endedAt).filter(at => at > from && at < to), to]
    return Math.max(...ends.slice(1).map((at, index) => at - (ends[index] ?? at)))
  }

  async #sing(): Promise<void> {
    while (!this.#stopped) {
      const beganAt = performance.now()
      if (await this.#probe()) this.#probes.push({ beganAt, endedAt: performance.now() })
      await sleep(everyMs)
    }
  }

  async #probe(): Promise<boolean> {
    const [one, other] = this.#phones
    const event_id = randomUUID()
    this.recorded.add(event_id)
    const event = { event_id, track_id: 'canary', item_id: 'song', kind: 'practiced', points: 1 }
    await one.client.record({ ...event, occurred_at: new Date().toISOString() })
    const signedIn = await this.#api.ask({ method: 'POST', path: '/auth/guest' })
    const body = { refresh_token: (signedIn.body as Session).refresh_token }
    const refreshed = await this.#api.ask({ method: 'POST', path: '/auth/refresh', body })
    const heard = await this.#isHeard(other, event_id)
    return heard && refreshed.status === 200
  }

  async #isHeard({ seen }: Phone, id: string): Promise<boolean> {
    const deadline = performance.now() + givenUpAfterMs
    while (performance.now() < deadline) {
      if (seen.findLast(event => event.event_id === id)) return true
      await sleep(pollMs)
    }
    return false
  }
}
