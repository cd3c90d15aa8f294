// One inbox subscription and one timer for all requests of a connection: the client library's own request() makes two
// error objects and a timer for each, which was the dearest part of the gateway's hop. What is sent within one turn of the
// event loop leaves in one write, which was the next.
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core'
import { CairnError } from '@cairn/contracts'
import { runOutsideRequest, Slots } from '@cairn/runtime'
import { utf8 } from './bus-headers.ts'
import { BusPulse, pulseAfterMs } from './bus-pulse.ts'

interface Pending {
  /** The last part of its inbox: its slot, and what no other request had. */
  token: string
  readonly resolve: (message: Msg) => void
  readonly reject: (error: CairnError) => void
  readonly askedAt: number
  readonly deadlineAt: number
  readonly subject: string
}

interface Outgoing {
  readonly pending: Pending
  readonly payload: string
  readonly headers: MsgHdrs
}

const sweepEveryMs = 25

const unavailable = (subject: string, reason: string): CairnError =>
  new CairnError('unavailable', { cause: new Error(`${subject}: ${reason}`) })

const slotOf = (token: string): number => Number.parseInt(token, 10)

export class PendingReplies {
  readonly #inbox: string
  readonly #pending = new Slots<Pending>()
  readonly #nats: NatsConnection
  readonly #pulse: BusPulse
  /** While somebody waits: a connection that asks nothing wakes nobody. */
  #sweeper: NodeJS.Timeout | undefined
  #outgoing: Outgoing[] = []
  #next = 0

  constructor(nats: NatsConnection, inboxPrefix: string) {
    this.#nats = nats
    this.#pulse = new BusPulse(nats)
    this.#inbox = createInbox(inboxPrefix)
    nats.subscribe(`${this.#inbox}.*`, { callback: (_error, message) => this.#settle(message) })
  }

  /** Sends a request and waits for its reply, at most `timeoutMs` (give or take 25 ms). Every failure is `unavailable`. */
  send(
    subject: string,
    payload: string,
    { timeoutMs, headers }: { timeoutMs: number; headers: MsgHdrs },
  ): Promise<Msg> {
    // After this process was busy for long, the timer comes before replies that have been there all the while: those are read first.
    // Who asks first is long answered while it goes on.
    this.#sweeper ??= runOutsideRequest(() =>
      setInterval(() => void setImmediate(() => this.#sweep()), sweepEveryMs).unref(),
    )
    return new Promise((resolve, reject) => {
      const askedAt = performance.now()
      const pending = { token: '', resolve, reject, subject, askedAt, deadlineAt: askedAt + timeoutMs }
      pending.token = `${this.#pending.add(pending)}-${(this.#next++).toString(36)}`
      if (this.#outgoing.push({ pending, payload, headers }) === 1) setImmediate(() => this.#flush())
    })
  }

  /** Fails everything that waits: the connection is lost, and with it the replies. */
  failAll(): void {
    for (const { token, reject, subject } of this.#pending.values()) {
      this.#take(token)
      reject(unavailable(subject, 'the connection to the bus was lost'))
    }
  }

  close(): void {
    this.#stopSweeping()
    this.failAll()
  }

  #stopSweeping(): void {
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #flush(): void {
    const outgoing = this.#outgoing
    this.#outgoing = []
    for (const { pending, payload, headers } of outgoing) {
      const { token, subject } = pending
      // The connection was lost meanwhile: nobody waits any more.
      if (this.#pending.get(slotOf(token)) !== pending) continue
      try {
        this.#nats.publish(subject, utf8(payload), { headers, reply: `${this.#inbox}.${token}` })
      } catch (cause) {
        this.#take(token)
        pending.reject(new CairnError('unavailable', { cause }))
      }
    }
  }

  #settle(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1)
    const pending = this.#take(token)
    if (pending === undefined) return
    const nobodyServes = message.data.length === 0 && message.headers?.code === 503
    if (nobodyServes) pending.reject(unavailable(pending.subject, 'nobody serves this subject'))
    else pending.resolve(message)
  }

  /** Undefined when nobody waits for it any more, whoever has its slot now. */
  #take(token: string): Pending | undefined {
    const slot = slotOf(token)
    const pending = this.#pending.get(slot)
    if (pending?.token !== token) return undefined
    this.#pending.remove(slot)
    return pending
  }

  #sweep(): void {
    const now = performance.now()
    if (this.#pending.size === 0) this.#stopSweeping()
    let waitsForLong = false
    for (const { token, askedAt, deadlineAt, reject, subject } of this.#pending.values()) {
      waitsForLong ||= now - askedAt > pulseAfterMs
      if (deadlineAt > now) continue
      this.#take(token)
      const bus = this.#pulse.describe(askedAt)
      reject(unavailable(subject, bus === undefined ? 'no reply in time' : `no reply in time; ${bus}`))
    }
    if (waitsForLong) this.#pulse.ask()
  }
}
