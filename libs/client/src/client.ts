// The phone's side of Cairn put together: one session, one log, HTTP and realtime feeding it by the same `apply`.
import type {
  Device,
  LoggedEvent,
  Nonce,
  NoticePosted,
  Receipt,
  Session,
  SignInWithApple,
  Snapshot,
} from '@cairn/contracts'
import { createAccount, type Parts } from './account.ts'
import { defaultBackoff, type Backoff } from './backoff.ts'
import { callBack } from './call-back.ts'
import { EventQueue, type EventStorage } from './event-queue.ts'
import { createHttp } from './http.ts'
import { LocalLog } from './local-log.ts'
import { RealtimeClient, type RealtimeStatus } from './realtime-client.ts'
import { SessionStore } from './session-store.ts'
import { submitEvents } from './submit-events.ts'
import { synchronise } from './synchronise.ts'

export interface CairnClientOptions {
  /** Without a path, e.g. `https://api.example.com`. */
  readonly gatewayUrl: string
  readonly realtimeUrl: string
  /** The session of an earlier run of this device. */
  readonly session?: Session
  /** To keep the session for the next run; undefined when it is over. */
  readonly onSession?: (session: Session | undefined) => unknown
  /** Every event of the log once, in order, from whichever device it came. */
  readonly onEvents?: (events: readonly LoggedEvent[]) => void
  /** Forget what was derived from events; all of them follow again, or those of somebody else who has signed in. */
  readonly onReset?: () => void
  /** What the operator tells everybody who is connected; who is not does not get it later. */
  readonly onNotice?: (notice: NoticePosted) => void
  readonly onStatus?: (status: RealtimeStatus, code?: number) => void
  /** Receipts of recorded events, once for each batch: `receipts[i]` is that of `events[i]`. */
  readonly onReceipts?: (receipts: readonly Receipt[], events: readonly object[]) => void
  /** Keeps recorded events over restarts of the app; in memory alone when left out. */
  readonly storage?: EventStorage
  /** Recorded events without a receipt at most; 10 000 when left out. */
  readonly maxQueuedEvents?: number
  /** A call that the server asks to come back later than this fails at once; 30 000 when left out. */
  readonly maxWaitMs?: number
  /** A connection on which nothing came for so long is asked whether it still carries anything; 120 000 when left out. */
  readonly idleCheckMs?: number
  /** A connection on which the first frame, or the answer to that, does not come in time is left; 10 000 when left out. */
  readonly answerTimeoutMs?: number
  readonly fetch?: typeof fetch
  readonly WebSocket?: typeof WebSocket
  /** Of reconnects and of sending recorded events; 0.5 s doubling up to 30 s when left out. */
  readonly backoff?: Backoff
}

export interface CairnClient {
  readonly session: Session | undefined
  readonly log: LocalLog
  readonly status: RealtimeStatus
  /** Recorded events without a receipt yet. */
  readonly queuedEvents: number
  issueNonce(): Promise<Nonce>
  /**
   * While a guest is signed in, the guest is upgraded: same user, same progress, what was recorded is sent all the same. An identity
   * that has an account signs in to that one, and the guest stays as it was. Rejects with `identity_taken` when it got one just now.
   */
  signInWithApple(identity: SignInWithApple): Promise<Session>
  signInAsGuest(device?: Device): Promise<Session>
  refresh(): Promise<Session>
  /**
   * Ends the session here, at once, and then on the server; rejects when the server could not be told, and it lives there until it
   * expires. Recorded events without a receipt stay for when the same user signs in again.
   */
  signOut(): Promise<void>
  /**
   * Erases the account and all its progress on the server, then what was recorded here and the session. Rejects, with nothing lost,
   * when the server does not say so; with the storage's error when that cannot forget, which the next save mends. Where the answer
   * gets lost, a session that then is over says that it was done.
   */
  deleteAccount(): Promise<void>
  /**
   * Takes an event, online or not, and sends it as soon as it can: `onReceipts` says what became of it. Resolves when it is
   * kept for certain, and rejects when it is not. The event needs its own `event_id`.
   */
  record(event: object): Promise<void>
  /** Sends now, past the queue. A receipt for each event, in their order. Sending an event again is harmless, so whatever failed may be sent again. */
  submitEvents(events: readonly unknown[]): Promise<readonly Receipt[]>
  readSnapshot(timeZone?: string): Promise<Snapshot>
  /** Reads what is new over HTTP. */
  synchronise(): Promise<void>
  /** Stays connected, up to date, and sending what was recorded, until `disconnect`. */
  connect(): void
  disconnect(): void
}

const defaultMaxQueuedEvents = 10_000
/** Each check is a frame each way, from everybody who is connected; the log is not read for it. */
const defaultIdleCheckMs = 120_000

const assemble = (options: CairnClientOptions): Parts => {
  const backoff = options.backoff ?? defaultBackoff
  const http = createHttp({
    gatewayUrl: options.gatewayUrl,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    maxAttempts: 5,
    maxWaitMs: options.maxWaitMs ?? 30_000,
    timeoutMs: 15_000,
  })
  const sessions = new SessionStore({
    http,
    session: options.session,
    onSession: options.onSession,
    onOver: session => {
      // What the storage does not forget now, it does with the next save.
      if (session.mayBeDeleted) queue.forget(session.userId).catch(() => undefined)
    },
  })
  const log = new LocalLog({ onEvents: options.onEvents, onReset: options.onReset })
  if (options.session !== undefined) log.belongTo(options.session.user.id)
  const queue = new EventQueue({
    submit: submitEvents,
    currentSession: () => sessions.current,
    storage: options.storage,
    onReceipts: options.onReceipts,
    backoff,
    maxEvents: options.maxQueuedEvents ?? defaultMaxQueuedEvents,
  })
  const realtime = new RealtimeClient({
    realtimeUrl: options.realtimeUrl,
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    sessions,
    log,
    backoff,
    idleCheckMs: options.idleCheckMs ?? defaultIdleCheckMs,
    answerTimeoutMs: options.answerTimeoutMs ?? 10_000,
    steadyAfterMs: 5_000,
    onNotice: options.onNotice,
    onStatus: (status, code) => {
      if (status === 'live') queue.flush()
      callBack(options.onStatus, status, code)
    },
  })
  return { http, sessions, log, queue, realtime }
}

/** A client of one user on one device. Its calls reject with `CairnProblem`, made of the status where something else than the server answered, or with fetch's own error when offline. */
export const createCairnClient = (options: CairnClientOptions): CairnClient => {
  const parts = assemble(options)
  const { http, sessions, log, queue, realtime } = parts
  const account = createAccount(parts)
  return {
    get session() {
      return sessions.current?.latest
    },
    log,
    get status() {
      return realtime.status
    },
    get queuedEvents() {
      return queue.size
    },
    issueNonce: () => http<Nonce>({ method: 'POST', path: '/auth/nonce', repeatable: true }),
    signInWithApple: account.signInWithApple,
    signInAsGuest: account.signInAsGuest,
    refresh: async () => sessions.require().refresh(),
    signOut: account.signOut,
    deleteAccount: account.deleteAccount,
    record: event => queue.record(event),
    submitEvents: async events => submitEvents(sessions.require(), events),
    readSnapshot: async timeZone => {
      const query = timeZone === undefined ? '' : `?time_zone=${encodeURIComponent(timeZone)}`
      return sessions.require().call<Snapshot>({ method: 'GET', path: `/progress${query}`, repeatable: true })
    },
    synchronise: async () => synchronise(sessions.require(), log),
    connect: () => {
      realtime.connect()
      queue.flush()
    },
    disconnect: account.disconnect,
  }
}
