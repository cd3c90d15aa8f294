// Brings parts of incidents into the stream. What the bus does not take waits on disk, and where the disk takes nothing either,
// in memory: bounded both, and delivered as soon as the bus is back.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '../connection.ts'
import { streamPublisher, type StreamPublisher } from '../stream.ts'
import type { Spool, SpooledPart } from './spool.ts'

export interface PartCourierOptions {
  readonly bus: Bus
  readonly spool: Spool
  readonly publishTimeoutMs: number
}

const retryEveryMs = 1_000
const maxHeldBytes = 4_194_304
const warnEveryMs = 5_000

export class PartCourier {
  readonly #bus: Bus
  readonly #spool: Spool
  readonly #publisher: StreamPublisher
  readonly #underWay = new Set<Promise<void>>()
  readonly #aborter = new AbortController()
  readonly #finished: Promise<void>
  #held: SpooledPart[] = []
  #heldBytes = 0
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor({ bus, spool, publishTimeoutMs }: PartCourierOptions) {
    this.#bus = bus
    this.#spool = spool
    this.#publisher = streamPublisher(bus, publishTimeoutMs)
    this.#finished = this.#run()
  }

  send(part: SpooledPart): void {
    const delivery = this.#deliver(part)
    this.#underWay.add(delivery)
    void delivery.finally(() => this.#underWay.delete(delivery))
  }

  /** For a process that is about to end: on disk before this returns, if the disk takes it. */
  keepNow(part: SpooledPart): void {
    try {
      this.#spool.writeNow(part)
    } catch (error) {
      this.#bus.logger.warn({ error }, 'a part of an incident could not be spooled')
      this.#hold(part)
    }
  }

  /** What has been sent is in the stream or on disk afterwards, as far as either takes it. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    await Promise.all([this.#finished, ...this.#underWay])
    for (const part of this.#held.splice(0)) this.keepNow(part)
  }

  async #deliver(part: SpooledPart): Promise<void> {
    if (await this.#publish(part)) return
    try {
      await this.#spool.write(part)
    } catch (error) {
      this.#warn(error)
      this.#hold(part)
    }
  }

  async #publish({ subject, payload, id }: SpooledPart): Promise<boolean> {
    if (!this.#bus.connected) return false
    try {
      await this.#publisher.publish(subject, { payload, id })
      return true
    } catch (error) {
      this.#bus.logger.debug({ error }, 'a part of an incident could not be published')
      return false
    }
  }

  /** Of more than there is room for the oldest goes. */
  #hold(part: SpooledPart): void {
    this.#held.push(part)
    this.#heldBytes += part.payload.length
    while (this.#heldBytes > maxHeldBytes) this.#heldBytes -= this.#held.shift()?.payload.length ?? 0
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborter
    while (!signal.aborted) {
      await sleep(retryEveryMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted || !this.#bus.connected) continue
      await this.#retryHeld()
      await this.#retrySpooled()
    }
  }

  async #retryHeld(): Promise<void> {
    for (let part = this.#held[0]; part !== undefined; part = this.#held[0]) {
      if (!(await this.#publish(part))) return
      if (this.#held[0] !== part) continue
      this.#held.shift()
      this.#heldBytes -= part.payload.length
    }
  }

  async #retrySpooled(): Promise<void> {
    for (const name of await this.#spool.list()) {
      if (this.#aborter.signal.aborted) return
      const part = await this.#spool.read(name)
      if (part !== undefined && !(await this.#publish(part))) return
      await this.#spool.remove(name)
    }
  }

  #warn(error: unknown): void {
    if (performance.now() - this.#warnedAt < warnEveryMs) return
    this.#warnedAt = performance.now()
    this.#bus.logger.warn({ error }, 'incidents can neither be published nor spooled; the latest wait in memory')
  }
}
