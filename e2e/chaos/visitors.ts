// People who sign in, look at their pages, post, refresh, and of whom a third logs out: afterwards no session may be lost, and none
// that was ended may live.
import { randomUUID } from 'node:crypto'
import type { ChangesPage, Session, SubmitResult } from '@cairn/contracts'
import { signInAsGuest, signInWithApple, succeed, type Answered, type Ask, type PatientApi } from '@cairn/testkit/load'

interface Visit {
  session: Session
  readonly acknowledged: string[]
  ended: boolean
}

const pages = [
  '/me',
  '/progress',
  '/progress/changes?since=0',
  '/progress/days?from=2026-01-01&to=2026-01-31',
  '/progress/tracks',
  '/sessions',
]

export class Visitors {
  readonly #api: PatientApi
  readonly #appleIssuer: string
  readonly #visits: Visit[] = []
  readonly #running = new Set<Promise<void>>()
  /** What was answered as it must not be, or not at all. */
  readonly faults: string[] = []
  signIns = 0
  refreshes = 0

  constructor(api: PatientApi, appleIssuer: string) {
    this.#api = api
    this.#appleIssuer = appleIssuer
  }

  /** One more visit, unless there are very many already. */
  begin(count: number): void {
    if (this.#running.size >= 100) return
    const visit = this.#visit(count).catch((error: unknown) => void this.faults.push(String(error)))
    this.#running.add(visit)
    void visit.finally(() => this.#running.delete(visit))
  }

  /** Resolves when the visits that have begun are over. */
  async end(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Looks at all of them again: who was left signed in still is and has what was acknowledged, who logged out is out. */
  async check(): Promise<{ readonly kept: number; readonly ended: number; readonly acknowledged: number }> {
    let acknowledged = 0
    for (const visit of this.#visits) {
      if (visit.ended) await this.#checkOut(visit)
      else acknowledged += await this.#checkIn(visit)
    }
    const ended = this.#visits.filter(visit => visit.ended).length
    return { kept: this.#visits.length - ended, ended, acknowledged }
  }

  #signIn(count: number): Promise<Session> {
    this.signIns += 1
    return count % 2 === 0 ? signInWithApple(this.#api, this.#appleIssuer, randomUUID()) : signInAsGuest(this.#api)
  }

  async #visit(count: number): Promise<void> {
    const session = await this.#signIn(count)
    const visit: Visit = { session, acknowledged: [], ended: false }
    this.#visits.push(visit)
    await this.#post(visit)
    await succeed(this.#api, { method: 'GET', path: pages[count % pages.length] ?? '/me', token: session.access_token })
    await this.#refresh(visit)
    await this.#post(visit)
    if (count % 3 === 0) await this.#logOut(visit)
  }

  async #post({ session, acknowledged }: Visit): Promise<void> {
    const event_id = randomUUID()
    const event = {
      event_id,
      track_id: 'visit',
      item_id: 'seen',
      kind: 'practiced',
      occurred_at: new Date(),
      points: 1,
    }
    const question: Ask = {
      method: 'POST',
      path: '/progress/events',
      body: { events: [event] },
      token: session.access_token,
    }
    const { results } = await succeed<SubmitResult>(this.#api, question)
    if (results[0]?.status === 'applied' || results[0]?.status === 'duplicate') acknowledged.push(event_id)
    else this.faults.push(`an event was ${JSON.stringify(results)}`)
  }

  async #refresh(visit: Visit): Promise<void> {
    this.refreshes += 1
    const body = { refresh_token: visit.session.refresh_token }
    visit.session = await succeed<Session>(this.#api, { method: 'POST', path: '/auth/refresh', body })
  }

  async #logOut(visit: Visit): Promise<void> {
    const answer = await this.#api.ask({ method: 'POST', path: '/auth/logout', token: visit.session.access_token })
    visit.ended = true
    if (answer.status !== 204 && !(answer.status === 401 && answer.inDoubt)) {
      this.faults.push(`logging out: ${JSON.stringify(answer)}`)
    }
  }

  async #checkIn(visit: Visit): Promise<number> {
    await this.#refresh(visit)
    const since = { method: 'GET', path: '/progress/changes?since=0', token: visit.session.access_token } as const
    const { events } = await succeed<ChangesPage>(this.#api, since)
    for (const id of visit.acknowledged) {
      const times = events.filter(event => event.event_id === id).length
      if (times !== 1) this.faults.push(`an acknowledged event is in its log ${times} times`)
    }
    return visit.acknowledged.length
  }

  async #checkOut({ session }: Visit): Promise<void> {
    const body = { refresh_token: session.refresh_token }
    const answers: readonly Answered[] = [
      await this.#api.ask({ method: 'GET', path: '/me', token: session.access_token }),
      await this.#api.ask({ method: 'POST', path: '/auth/refresh', body }),
    ]
    for (const { status } of answers) if (status !== 401) this.faults.push(`a session that was ended: ${status}`)
  }
}
