// Who is signed in on this device. What a session that somebody else's has replaced still becomes is not kept.
import type { Session } from '@cairn/contracts'
import { callBack } from './call-back.ts'
import type { Http } from './http.ts'
import { expiryOf, UserSession } from './user-session.ts'

export interface SessionStoreOptions {
  readonly http: Http
  /** A session kept from an earlier run. */
  readonly session?: Session | undefined
  /** Called with each new session to be kept, and with undefined when it is over. */
  readonly onSession?: ((session: Session | undefined) => unknown) | undefined
  /** Called with each session that ends, also with one that is not the current one any more. */
  readonly onOver?: (session: UserSession) => void
}

export class SessionStore {
  readonly #options: SessionStoreOptions
  #current: UserSession | undefined

  constructor(options: SessionStoreOptions) {
    this.#options = options
    if (options.session !== undefined) this.#current = this.#open(options.session, 0)
  }

  get current(): UserSession | undefined {
    return this.#current
  }

  /** Signed in or an error that says otherwise. */
  require(): UserSession {
    if (this.#current === undefined) throw new Error('Nobody is signed in.')
    return this.#current
  }

  /** Somebody has signed in. */
  begin(session: Session): void {
    this.#current = this.#open(session, expiryOf(session))
    callBack(this.#options.onSession, session)
  }

  #open(session: Session, expiresAtMs: number): UserSession {
    const opened: UserSession = new UserSession({
      http: this.#options.http,
      session,
      expiresAtMs,
      onChange: changed => {
        if (changed === undefined) this.#options.onOver?.(opened)
        if (this.#current !== opened) return
        if (changed === undefined) this.#current = undefined
        callBack(this.#options.onSession, changed)
      },
    })
    return opened
  }
}
