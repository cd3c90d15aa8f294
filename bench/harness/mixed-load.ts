// What apps do all day, at a given rate (an open loop): events and pages of people whose two phones are connected, sign-ins and
// refreshes. Everything that was acknowledged is looked for afterwards.
import type { Session, SubmitResult } from '@cairn/contracts'
import type { Fleet } from '@cairn/testkit/fleet'
import {
  atRate,
  countLost,
  judge,
  nextEvent,
  notOnceIn,
  openEntrance,
  openPhones,
  settle,
  signInAsGuest,
  succeed,
  type Entrance,
  type PatientApi,
  type Phone,
  type Verdict,
} from '@cairn/testkit/load'

export interface MixedLoadOptions {
  /** With two phones each. */
  readonly users: number
  readonly requestsPerSecond: number
}

export interface Answer {
  readonly atMs: number
  /** From when it was sent until it was answered, attempts that were refused included. */
  readonly ms: number
}

export interface LoadOutcome {
  readonly phones: Verdict
  readonly requests: number
  /** Requests that were not answered as they should have been, in the end. */
  readonly failed: readonly string[]
  /** Attempts that were refused with 503 and made again. */
  readonly refused: number
  /** Attempts that got no answer: a connection that was closed too early. */
  readonly unanswered: number
  readonly acknowledged: number
  /** Acknowledged events that are not in their log once. */
  readonly lost: number
  readonly disconnected: number
}

/** Longest tail of answers that is kept: a soak has many. */
const mostAnswers = 200_000
const mostUnderWay = 500

/** Out of ten: four events, two pages of changes, a snapshot, days, a refresh, a sign-in. */
const mix = [
  'event',
  'event',
  'event',
  'event',
  'changes',
  'changes',
  'snapshot',
  'days',
  'refresh',
  'sign-in',
] as const

export class MixedLoad {
  readonly #api: PatientApi
  readonly #entrance: Entrance
  readonly #phones: readonly Phone[]
  readonly #acknowledged = new Map<string, Set<string>>()
  readonly #failed: string[] = []
  readonly #underWay = new Set<Promise<void>>()
  #guest: Session
  #refreshing: Promise<unknown> = Promise.resolve()
  #requests = 0
  #acks = 0
  #stop: () => void = () => undefined
  /** The latest ones. */
  answers: Answer[] = []

  private constructor(entrance: Entrance, phones: readonly Phone[], guest: Session) {
    this.#api = entrance.api
    this.#entrance = entrance
    this.#phones = phones
    this.#guest = guest
  }

  /** Resolves when all phones are connected; begins nothing yet. */
  static async prepare(fleet: Fleet, { users }: { users: number }): Promise<MixedLoad> {
    const entrance = await openEntrance(fleet)
    const phones: Phone[] = []
    for (let user = 0; user < users; user += 1) phones.push(...(await openPhones(fleet, entrance)))
    return new MixedLoad(entrance, phones, await signInAsGuest(entrance.api))
  }

  /** Goes on at another rate, where it had begun. */
  begin(requestsPerSecond: number): void {
    this.#stop()
    this.#stop = atRate(requestsPerSecond, count => this.#begin(count))
  }

  /** Ends the load, waits for what is under way and until phones have everything, and looks. */
  async end(): Promise<LoadOutcome> {
    this.#stop()
    await Promise.all(this.#underWay)
    const logs = await settle(this.#phones, this.#entrance.gateway.url)
    const lost = [...this.#acknowledged].flatMap(([userId, ids]) => notOnceIn(logs.get(userId) ?? [], ids))
    return {
      phones: judge(this.#phones, logs, new Map()),
      requests: this.#requests,
      failed: this.#failed,
      refused: this.#api.serverErrors.get(503) ?? 0,
      unanswered: this.#api.unanswered,
      acknowledged: this.#acks,
      lost: lost.length,
      disconnected: await countLost(this.#phones),
    }
  }

  async close(): Promise<void> {
    this.#stop()
    for (const phone of this.#phones) phone.end()
    await this.#entrance.close()
  }

  #begin(count: number): void {
    this.#requests += 1
    if (this.#underWay.size >= mostUnderWay) {
      this.#failed.push('too many requests are under way')
      return
    }
    const sentAt = performance.now()
    const request = this.#ask(count)
      .then(() => this.#note({ atMs: sentAt, ms: performance.now() - sentAt }))
      .catch((error: unknown) => void this.#failed.push(String(error)))
    this.#underWay.add(request)
    void request.finally(() => this.#underWay.delete(request))
  }

  #note(answer: Answer): void {
    if (this.answers.length < mostAnswers) this.answers.push(answer)
  }

  async #ask(count: number): Promise<void> {
    const phone = this.#phones[Math.floor(count / mix.length) % this.#phones.length] as Phone
    const token = phone.client.session?.access_token ?? ''
    const read = (path: string) => succeed(this.#api, { method: 'GET', path, token })
    const kind = mix[count % mix.length]
    if (kind === 'event') return this.#record(phone, count)
    if (kind === 'refresh') return this.#refresh()
    if (kind === 'snapshot') await read('/progress')
    else if (kind === 'days') await read('/progress/days?from=2026-01-01&to=2026-01-31')
    else if (kind === 'sign-in') await signInAsGuest(this.#api)
    else await read(`/progress/changes?limit=50&since=${Math.max(0, phone.seen.length - 20)}${this.#epochOf(phone)}`)
  }

  #epochOf({ client, seen }: Phone): string {
    return seen.length > 20 ? `&epoch=${encodeURIComponent(client.log.head?.epoch ?? '')}` : ''
  }

  async #record({ userId, client }: Phone, count: number): Promise<void> {
    const event = nextEvent(count)
    const { results } = await succeed<SubmitResult>(this.#api, {
      method: 'POST',
      path: '/progress/events',
      body: { events: [event] },
      token: client.session?.access_token ?? '',
    })
    if (results[0]?.status !== 'applied' && results[0]?.status !== 'duplicate') throw new Error(JSON.stringify(results))
    this.#acks += 1
    this.#acknowledged.set(userId, (this.#acknowledged.get(userId) ?? new Set()).add(event.event_id))
  }

  /** One after the other: a refresh token is good once. */
  #refresh(): Promise<void> {
    const refresh = async (): Promise<void> => {
      const body = { refresh_token: this.#guest.refresh_token }
      this.#guest = await succeed<Session>(this.#api, { method: 'POST', path: '/auth/refresh', body })
    }
    const next = this.#refreshing.then(refresh)
    this.#refreshing = next.catch(() => undefined)
    return next
  }
}
