// The session of one user from a sign-in to its end: its tokens change, its user never does, so what was begun with it stays
// that user's. However many calls find the access token refused, one refresh goes out: the others wait for it. What the
// server makes of a refresh whose answer got lost is its affair (the same successor again), so it is repeated.
import type { LogOut, RefreshSession, Session } from '@cairn/contracts'
import { isSession } from './answer-shapes.ts'
import { isTokenRefused, nonsenseAnswer } from './cairn-problem.ts'
import type { Http, HttpCall } from './http.ts'

export interface UserSessionOptions {
  readonly http: Http
  readonly session: Session
  /** When its access token ends, by the clock of this device; 0 when that is not known. */
  readonly expiresAtMs: number
  /** Called with each successor, and with undefined when it is over. */
  readonly onChange: (session: Session | undefined) => void
}

/** Seconds before its end that a token counts as too old to begin something with. */
const reserveSeconds = 15

/** When the access token of a session that was given just now ends. */
export const expiryOf = ({ expires_in }: Session): number => Date.now() + expires_in * 1_000

export class UserSession {
  readonly #options: UserSessionOptions
  #latest: Session
  #expiresAtMs: number
  #refreshing: Promise<Session> | undefined
  #isOver = false
  #mayBeDeleted = false

  constructor(options: UserSessionOptions) {
    this.#options = options
    this.#latest = options.session
    this.#expiresAtMs = options.expiresAtMs
  }

  get userId(): string {
    return this.#options.session.user.id
  }

  /** As the server gave it last. */
  get latest(): Session {
    return this.#latest
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The account was to be deleted, the answer never came, and nothing since then says that it is there. */
  get mayBeDeleted(): boolean {
    return this.#mayBeDeleted
  }

  /** A token that lives a while longer. Rejects as `refresh` does. */
  async accessToken(): Promise<string> {
    const fresh = this.#expiresAtMs - Date.now() > reserveSeconds * 1_000
    return fresh ? this.#latest.access_token : (await this.refresh()).access_token
  }

  /** The server says that the access token has ended, whatever the clock says here. */
  expireToken(): void {
    this.#expiresAtMs = 0
  }

  /** Rejects with `token_invalid` or `token_expired` when the session is over; it stays as it is after any other error. */
  refresh(): Promise<Session> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** The server says that it is over. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.onChange(undefined)
  }

  /** The user says so, which says nothing of a deletion that was not heard of. */
  leave(): void {
    this.#mayBeDeleted = false
    this.end()
  }

  /** Ends it on the server, whether or not its access token is taken any more. */
  async logOut(): Promise<void> {
    // The latest refresh token may be on its way.
    await this.#refreshing?.catch(() => undefined)
    const body: LogOut = { refresh_token: this.#latest.refresh_token }
    await this.#options.http({ method: 'POST', path: '/auth/logout', body, repeatable: true })
  }

  /** Rejects when the account may still be there: once the answer is lost, the end of the session is the answer. */
  async deleteAccount(): Promise<void> {
    const onDoubt = (): void => {
      this.#mayBeDeleted = true
    }
    try {
      const answer = await this.call({ method: 'DELETE', path: '/me', repeatable: false, onDoubt })
      if (answer !== undefined) throw nonsenseAnswer()
    } catch (error) {
      if (!this.#mayBeDeleted) throw error
      if (isTokenRefused(error) && !this.#isOver) await this.refresh().catch(() => undefined)
      if (!this.#isOver) throw error
    }
  }

  /**
   * A call with the access token; one that is refused is refreshed and the call made again, once. A token may end before its time:
   * with the key that signed it, or with the session, of which the refresh tells.
   */
  async call<Answer>(call: Omit<HttpCall, 'token'>): Promise<Answer> {
    const token = this.#latest.access_token
    try {
      return await this.#options.http<Answer>({ ...call, token })
    } catch (error) {
      if (!isTokenRefused(error)) throw error
      const renewed = this.#latest.access_token === token ? await this.refresh() : this.#latest
      return this.#options.http<Answer>({ ...call, token: renewed.access_token })
    }
  }

  async #refresh(): Promise<Session> {
    const body: RefreshSession = { refresh_token: this.#latest.refresh_token }
    try {
      const call = { method: 'POST', path: '/auth/refresh', body, repeatable: true } as const
      const renewed = await this.#options.http<unknown>(call)
      if (!isSession(renewed) || renewed.user.id !== this.userId) throw nonsenseAnswer()
      this.#latest = renewed
      this.#mayBeDeleted = false
      this.#expiresAtMs = expiryOf(this.#latest)
      this.#options.onChange(this.#latest)
      return this.#latest
    } catch (error) {
      if (isTokenRefused(error)) this.end()
      throw error
    }
  }
}
