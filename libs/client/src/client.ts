// The phone's side of Cairn put together: one session, one log, HTTP and realtime feeding it by the same `apply`.
import type {
  Device,
  LoggedEvent,
  Nonce,
  Receipt,
  Session,
  SignInAsGuest,
  SignInWithApple,
  Snapshot,
  SubmitResult,
} from '@cairn/contracts'
import { defaultBackoff, type Backoff } from './backoff.ts'
import { createHttp } from './http.ts'
import { LocalLog } from './local-log.ts'
import { RealtimeClient, type RealtimeStatus } from './realtime-client.ts'
import { SessionStore } from './session.ts'
import { synchronise } from './synchronise.ts'

export interface CairnClientOptions {
  /** Without a path, e.g. `https://api.example.com`. */
  readonly gatewayUrl: string
  readonly realtimeUrl: string
  /** The session of an earlier run of this device. */
  readonly session?: Session
  /** To keep the session for the next run; undefined when it is over. */
  readonly onSession?: (session: Session | undefined) => void
  /** Every event of the log once, in order, from whichever device it came. */
  readonly onEvents?: (events: readonly LoggedEvent[]) => void
  /** Forget what was derived from events; all of them follow again. */
  readonly onReset?: () => void
  readonly onStatus?: (status: RealtimeStatus, code?: number) => void
  readonly fetch?: typeof fetch
  readonly WebSocket?: typeof WebSocket
  /** Of reconnects; 0.5 s doubling up to 30 s when left out. */
  readonly backoff?: Backoff
}

export interface CairnClient {
  readonly session: Session | undefined
  readonly log: LocalLog
  readonly status: RealtimeStatus
  issueNonce(): Promise<Nonce>
  signInWithApple(identity: SignInWithApple): Promise<Session>
  signInAsGuest(device?: Device): Promise<Session>
  refresh(): Promise<Session>
  /** A receipt for each event, in their order. Sending an event again is harmless, so whatever failed may be sent again. */
  submitEvents(events: readonly unknown[]): Promise<readonly Receipt[]>
  readSnapshot(timeZone?: string): Promise<Snapshot>
  /** Reads what is new over HTTP. */
  synchronise(): Promise<void>
  /** Stays connected, and up to date, until `disconnect`. */
  connect(): void
  disconnect(): void
}

const maxEventsPerRequest = 500

const submit = async (session: SessionStore, events: readonly unknown[]): Promise<readonly Receipt[]> => {
  const receipts: Receipt[] = []
  for (let start = 0; start < events.length; start += maxEventsPerRequest) {
    const body = { events: events.slice(start, start + maxEventsPerRequest) }
    const call = { method: 'POST', path: '/progress/events', body, repeatable: true } as const
    receipts.push(...(await session.call<SubmitResult>(call)).results)
  }
  return receipts
}

/** A client of one user on one device. Its calls reject with `CairnProblem`, or with fetch's own error when offline. */
export const createCairnClient = (options: CairnClientOptions): CairnClient => {
  const http = createHttp({
    gatewayUrl: options.gatewayUrl,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    maxAttempts: 5,
    maxWaitMs: 30_000,
    timeoutMs: 15_000,
  })
  const session = new SessionStore({ http, session: options.session, onSession: options.onSession })
  const log = new LocalLog({ onEvents: options.onEvents, onReset: options.onReset })
  const bringUpToDate = (): Promise<void> => synchronise(session, log)
  const realtime = new RealtimeClient({
    realtimeUrl: options.realtimeUrl,
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    session,
    log,
    synchronise: bringUpToDate,
    backoff: options.backoff ?? defaultBackoff,
    readyTimeoutMs: 10_000,
    onStatus: options.onStatus,
  })
  const signIn = async (path: string, body: SignInAsGuest | SignInWithApple): Promise<Session> => {
    const signedIn = await http<Session>({ method: 'POST', path, body, repeatable: false })
    session.replace(signedIn)
    return signedIn
  }
  return {
    get session() {
      return session.current
    },
    log,
    get status() {
      return realtime.status
    },
    issueNonce: () => http<Nonce>({ method: 'POST', path: '/auth/nonce', repeatable: true }),
    signInWithApple: identity => signIn('/auth/apple', identity),
    signInAsGuest: device => signIn('/auth/guest', device === undefined ? {} : { device }),
    refresh: () => session.refresh(),
    submitEvents: events => submit(session, events),
    readSnapshot: timeZone => {
      const query = timeZone === undefined ? '' : `?time_zone=${encodeURIComponent(timeZone)}`
      return session.call<Snapshot>({ method: 'GET', path: `/progress${query}`, repeatable: true })
    },
    synchronise: bringUpToDate,
    connect: () => realtime.connect(),
    disconnect: () => realtime.disconnect(),
  }
}
