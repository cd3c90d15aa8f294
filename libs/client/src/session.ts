// The session of this device. However many calls find the access token expired, one refresh goes out: the others wait for
// it. What the server makes of a refresh whose answer got lost is its affair (the same successor again), so it is repeated.
import type { RefreshSession, Session } from '@cairn/contracts'
import { isProblem } from './cairn-problem.ts'
import type { Http, HttpCall } from './http.ts'

export interface SessionStoreOptions {
  readonly http: Http
  /** A session kept from an earlier run. */
  readonly session?: Session | undefined
  /** Called with each new session to be kept, and with undefined when it is over. */
  readonly onSession?: ((session: Session | undefined) => void) | undefined
}

/** Seconds before its end that a token counts as too old to begin something with. */
const reserveSeconds = 15

export class SessionStore {
  readonly #options: SessionStoreOptions
  #session: Session | undefined
  #expiresAtMs = 0
  #refreshing: Promise<Session> | undefined

  constructor(options: SessionStoreOptions) {
    this.#options = options
    this.#session = options.session
  }

  get current(): Session | undefined {
    return this.#session
  }

  replace(session: Session | undefined): void {
    this.#session = session
    this.#expiresAtMs = session === undefined ? 0 : Date.now() + session.expires_in * 1_000
    this.#options.onSession?.(session)
  }

  /** Signed in or an error that says otherwise. */
  require(): Session {
    if (this.#session === undefined) throw new Error('Nobody is signed in.')
    return this.#session
  }

  /** A token that lives a while longer. Rejects as `refresh` does. */
  async accessToken(): Promise<string> {
    const fresh = this.#expiresAtMs - Date.now() > reserveSeconds * 1_000
    return fresh ? this.require().access_token : (await this.refresh()).access_token
  }

  /** Rejects with `token_invalid` or `token_expired` when the session is over; nobody is signed in any more then. */
  refresh(): Promise<Session> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** A call with the access token; an expired one is refreshed and the call made again, once. */
  async call<Answer>(call: Omit<HttpCall, 'token'>): Promise<Answer> {
    const token = this.require().access_token
    try {
      return await this.#options.http<Answer>({ ...call, token })
    } catch (error) {
      if (!isProblem(error, 'token_expired')) throw error
      const renewed = this.require().access_token === token ? await this.refresh() : this.require()
      return this.#options.http<Answer>({ ...call, token: renewed.access_token })
    }
  }

  async #refresh(): Promise<Session> {
    const body: RefreshSession = { refresh_token: this.require().refresh_token }
    try {
      const call = { method: 'POST', path: '/auth/refresh', body, repeatable: true } as const
      const session = await this.#options.http<Session>(call)
      this.replace(session)
      return session
    } catch (error) {
      if (isProblem(error, 'token_invalid') || isProblem(error, 'token_expired')) this.replace(undefined)
      throw error
    }
  }
}
