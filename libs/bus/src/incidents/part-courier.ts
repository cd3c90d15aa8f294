// Brings parts of incidents into the stream. What the bus does not take waits on disk, and where the disk takes nothing either,
// in memory: bounded both, and delivered as soon as the bus is back. Of a subject one thing is done at a time, and what is newer
// replaces what is older wherever that waits: a part that comes late would replace its successor in the stream.
import { setTimeout as sleep } from 'node:timers/promises'
import { JetStreamApiError } from '@nats-io/jetstream'
import { InvalidArgumentError } from '@nats-io/nats-core'
import { incidentStream } from '@cairn/contracts'
import type { Bus } from '../connection.ts'
import { nowAndThen } from '../now-and-then.ts'
import { watchPresence } from '../presence.ts'
import { missingStream, streamPublisher, type StreamPublisher } from '../stream.ts'
import { HeldParts } from './held-parts.ts'
import { spoolNameOf, type Spool, type SpooledPart } from './spool.ts'
import type { SpoolEntry } from './spool-directory.ts'

export interface PartCourierOptions {
  readonly bus: Bus
  readonly spool: Spool
  readonly publishTimeoutMs: number
  /** How long after a part its last successor may still be sent. */
  readonly settleMs: number
  /** What has waited for longer is not delivered any more. */
  readonly maxAgeMs: number
}

type Outcome = 'stored' | 'refused' | 'later'

const retryEveryMs = 1_000
/** Of one round, each as long as a publish may take: there is another in a second. */
const mostFailures = 3
const warnEveryMs = 5_000
/** JetStream's code: larger than the stream takes. */
const messageTooBig = 10_054

/** It would be the same at every attempt. */
const isForGood = (error: unknown): boolean =>
  (error instanceof JetStreamApiError && error.code === messageTooBig) ||
  (error instanceof Error && error.cause instanceof InvalidArgumentError)

export class PartCourier {
  readonly #bus: Bus
  readonly #spool: Spool
  readonly #options: PartCourierOptions
  readonly #publisher: StreamPublisher
  readonly #turns = new Map<string, Promise<void>>()
  readonly #aborter = new AbortController()
  readonly #held = new HeldParts()
  /** Names in the spool that this process wrote; those of others may have a successor under way. */
  readonly #own = new Set<string>()
  /** By name, what was stored of it and could not be removed. */
  readonly #stuck = new Map<string, string>()
  /** By name, how often it could not be delivered: those come last. */
  readonly #failures = new Map<string, number>()
  readonly #warnedAt = new Map<string, number>()
  readonly #sayWhy = nowAndThen((error: unknown) => void this.#tellOfMissing(error))
  readonly #isMissing: (isMissing: boolean) => void
  readonly #finished: Promise<void>

  constructor(options: PartCourierOptions) {
    this.#options = options
    this.#bus = options.bus
    this.#spool = options.spool
    this.#publisher = streamPublisher(options.bus, options.publishTimeoutMs)
    this.#isMissing = watchPresence(options.bus, { stream: incidentStream })
    this.#finished = this.#run()
  }

  send(part: SpooledPart): void {
    void this.#inTurn(spoolNameOf(part.subject), () => this.#deliver(part))
  }

  /** For a process that is about to end: on disk before this returns, if the disk takes it. */
  keepNow(part: SpooledPart): void {
    try {
      this.#spool.writeNow(part)
    } catch (error) {
      this.#bus.logger.warn({ error }, 'a part of an incident could not be spooled')
      this.#held.add(part)
    }
  }

  /** What has been sent is in the stream or on disk afterwards, as far as either takes it. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    await Promise.all([this.#finished, ...this.#turns.values()])
    for (const part of this.#held.takeAll()) this.keepNow(part)
  }

  /** Never rejects: one file that cannot be dealt with is no reason for anything else to end. */
  #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(name) ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => this.#warn(error, 'a part of an incident cannot be delivered'))
    this.#turns.set(name, turn)
    return turn.finally(() => {
      if (this.#turns.get(name) === turn) this.#turns.delete(name)
    })
  }

  async #deliver(part: SpooledPart): Promise<void> {
    if (await this.#isOver(part)) return
    try {
      await this.#spool.write(part, Date.now() + this.#options.settleMs)
      this.#own.add(spoolNameOf(part.subject))
      this.#held.remove(part.subject)
    } catch (error) {
      this.#warn(error, 'incidents can neither be published nor spooled; the latest wait in memory')
      this.#held.add(part)
    }
  }

  /** Whether the part is stored, or never will be; then nothing older of its subject may be delivered any more. */
  async #isOver(part: SpooledPart): Promise<boolean> {
    if ((await this.#publish(part)) === 'later') return false
    const name = spoolNameOf(part.subject)
    this.#held.remove(part.subject)
    if (this.#own.has(name)) await this.#remove(name, part.id)
    return true
  }

  async #remove(name: string, id = ''): Promise<void> {
    try {
      await this.#spool.remove(name)
      this.#forget(name)
    } catch (error) {
      this.#stuck.set(name, id)
      this.#warn(error, 'a part of an incident cannot be removed from the spool')
    }
  }

  async #publish({ subject, payload, id }: SpooledPart): Promise<Outcome> {
    if (!this.#bus.connected) return 'later'
    try {
      await this.#publisher.publish(subject, { payload, id })
      this.#isMissing(false)
      return 'stored'
    } catch (error) {
      if (isForGood(error)) {
        this.#bus.logger.warn({ error, subject }, 'a part of an incident is lost: the bus does not take it')
        return 'refused'
      }
      this.#bus.logger.debug({ error }, 'a part of an incident could not be published')
      this.#sayWhy(error)
      return 'later'
    }
  }

  async #tellOfMissing(error: unknown): Promise<void> {
    const missing = await missingStream(this.#bus, incidentStream)
    if (missing === undefined) return
    this.#isMissing(true)
    this.#bus.logger.warn({ error }, `incidents wait: ${missing}`)
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborter
    while (!signal.aborted) {
      await sleep(retryEveryMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (!this.#mayGoOn(0)) continue
      await this.#retry().catch((error: unknown) => this.#warn(error, 'the spool of incidents cannot be worked off'))
    }
  }

  #mayGoOn(failures: number): boolean {
    return !this.#aborter.signal.aborted && this.#bus.connected && failures < mostFailures
  }

  async #retry(): Promise<void> {
    let failures = 0
    const count = (name: string): void => {
      failures += 1
      this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1)
    }
    for (const part of this.#held.all) {
      if (!this.#mayGoOn(failures)) return
      await this.#inTurn(spoolNameOf(part.subject), async () => {
        if (this.#held.has(part) && !(await this.#isOver(part))) count(spoolNameOf(part.subject))
      })
    }
    for (const entry of await this.#spooled()) {
      if (!this.#mayGoOn(failures)) return
      await this.#inTurn(entry.name, async () => {
        if (!(await this.#retrySpooled(entry))) count(entry.name)
      })
    }
  }

  /** The oldest first, after those that have failed less often. */
  async #spooled(): Promise<SpoolEntry[]> {
    const entries = await this.#spool.list()
    const there = new Set(entries.map(({ name }) => name))
    for (const name of [...this.#own, ...this.#failures.keys(), ...this.#stuck.keys()]) {
      if (!there.has(name) && !this.#spool.has(name)) this.#forget(name)
    }
    const failuresOf = ({ name }: SpoolEntry): number => this.#failures.get(name) ?? 0
    return entries.toSorted((one, other) => failuresOf(one) - failuresOf(other))
  }

  #forget(name: string): void {
    this.#own.delete(name)
    this.#failures.delete(name)
    this.#stuck.delete(name)
  }

  /** False when it could not be delivered now. */
  async #retrySpooled({ name, modifiedAt }: SpoolEntry): Promise<boolean> {
    const part = await this.#spool.read(name)
    const isOld = Date.now() - modifiedAt > this.#options.maxAgeMs
    if (part !== undefined && !isOld && this.#stuck.get(name) !== part.id) {
      if (!this.#own.has(name) && Date.now() < part.settledAt) return true
      if (!(await this.#isOver(part))) return false
    }
    await this.#remove(name, part?.id)
    return true
  }

  #warn(error: unknown, message: string): void {
    const now = performance.now()
    if (now - (this.#warnedAt.get(message) ?? Number.NEGATIVE_INFINITY) < warnEveryMs) return
    this.#warnedAt.set(message, now)
    this.#bus.logger.warn({ error }, message)
  }
}
