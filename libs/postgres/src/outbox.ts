// The relay of a transactional outbox. Rows are a queue, not a log: whatever is committed is published in order of id and
// deleted once the publisher has acknowledged it, so a transaction that commits late is simply picked up late. One relay
// works at a time (an advisory lock on a session of its own), which keeps each user's order with any number of replicas. One
// that can publish nothing ends its session when nothing is on its way any more, and leaves its place to another.
// What is not taken stays, and with it what follows on its subject; other subjects go on (held-subjects.ts). What its own
// process commits it need not read back in most cases (outbox-shortcut.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { databaseFailure } from './failures.ts'
import { HeldSubjects } from './held-subjects.ts'
import { OutboxBacklog } from './outbox-backlog.ts'
import { OutboxFloor } from './outbox-floor.ts'
import type { OutboxOptions } from './outbox-options.ts'
import { OutboxShortcut, type CommittedRow, type OutboxRow } from './outbox-shortcut.ts'
import { outboxClient, OutboxTable } from './outbox-table.ts'
import { publishInOrder, type Outcome } from './publish-in-order.ts'

/** What a relay knows while its session lasts. */
interface Session {
  readonly table: OutboxTable
  readonly held: HeldSubjects
  readonly floor: OutboxFloor
  readonly shortcut: OutboxShortcut
}

const retryMs = 250
/** Rows published without a look are deleted so much later, many at once. */
const deleteAfterMs = 20
/** Looking past what is held costs the more the more of it there is; this many times as long the relay then rests. */
const restFactor = 4
/** Whoever leaves the place comes back after so many polls: the others have asked for it by then. */
const pollsAway = 2

export class OutboxRelay {
  readonly #options: OutboxOptions
  /** Longest silence towards the database. The server ends a session that is silent for longer, and with it its lock. */
  readonly #silenceMs: number
  readonly #aborter = new AbortController()
  readonly #finished: Promise<void>
  /** There may be something to be found: also set by a wake-up while a batch is under way, so that none is lost. */
  #dirty = true
  /** Something is to be deleted. */
  #stirred = false
  #lookedAt = Number.NEGATIVE_INFINITY
  #shortcut: OutboxShortcut | undefined
  /** The last look left something of subjects of which the shortcut had something on its way. */
  #waitsForShortcut = false
  #active = false
  /** It has left its place, and tells of what is left until it has found another one there. */
  #away = false
  readonly #backlog = new OutboxBacklog()
  #wake: (() => void) | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#silenceMs = Math.max(options.takeoverMs, 2 * options.pollMs, 3 * options.publishTimeoutMs)
    this.#finished = this.#run()
  }

  /** Whether this relay is the one at work, so that wake-ups are for it and not for another replica's. */
  get active(): boolean {
    return this.#active
  }

  /** Milliseconds since everything this relay saw was last published; 0 while it is, and while the relay is not at work. */
  get behindMs(): number {
    return this.#active || this.#away ? this.#backlog.ms : 0
  }

  /**
   * Call after a commit that filled the outbox. Cheap, and safe at any time. `committed`: the rows, in their order, if it was
   * of this process; as many of them as can be are published at once.
   */
  wake(committed: readonly CommittedRow[] = []): void {
    const shortcut = this.#active ? this.#shortcut : undefined
    const left = committed.filter(row => shortcut?.take(row) !== true)
    if (left.length === 0 && committed.length > 0) return
    this.#dirty = true
    this.#wake?.()
  }

  /** Finishes the batch under way and ends. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    this.#wake?.()
    await this.#finished
  }

  async #run(): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      const { url, table, pollMs, connected } = this.#options
      if (!connected()) {
        this.#dirty = this.#stirred = this.#away = false
        await this.#idle(pollMs)
        continue
      }
      const client = outboxClient({ url, table, silenceMs: this.#silenceMs })
      try {
        await client.connect()
        await this.#relay(client)
      } catch (error) {
        this.#away = false
        this.#options.onFailure(databaseFailure(error))
        await this.#pause(retryMs)
      } finally {
        this.#active = false
        await client.end().catch(() => undefined)
      }
      if (this.#away) await this.#pause(pollsAway * pollMs)
    }
  }

  async #relay(client: pg.Client): Promise<void> {
    const shortcut = this.#openShortcut()
    const table = new OutboxTable(client, this.#options)
    const session: Session = { table, held: new HeldSubjects(retryMs), floor: new OutboxFloor(), shortcut }
    while (!this.#aborter.signal.aborted && this.#options.connected() && !this.#inVain) {
      if (!this.#active) await this.#compete(table)
      else await this.#work(session)
      const restMs = this.#restMs(session)
      await this.#idle(this.#active ? this.#lookedAt + restMs - performance.now() : restMs)
    }
    this.#away = this.#inVain
    this.#active = false
    await shortcut.settled()
    await session.table.delete(shortcut.takePublished())
  }

  async #compete(table: OutboxTable): Promise<void> {
    this.#dirty = this.#stirred = false
    this.#active = await table.tryLock()
    // What this one was behind with is another's to tell of.
    this.#away = false
    if (!this.#active) return
    this.#backlog.begin()
    // Whatever was committed meanwhile is to be found.
    this.#dirty = true
  }

  get #inVain(): boolean {
    return this.#active && this.#backlog.inVainMs > this.#silenceMs
  }

  #openShortcut(): OutboxShortcut {
    const { publish, batchSize, rememberedSubjects } = this.#options
    const shortcut: OutboxShortcut = new OutboxShortcut({
      publish,
      leastSubjects: rememberedSubjects,
      maxUnderWay: batchSize,
      maxPublished: 10 * batchSize,
      onSettled: published => {
        if (!published || this.#waitsForShortcut) this.wake()
        else if (shortcut.publishedCount === 1) setTimeout(() => this.#stir(), deleteAfterMs)
        else if (shortcut.publishedCount === batchSize) this.#stir()
      },
    })
    this.#shortcut = shortcut
    return shortcut
  }

  #restMs({ held }: Session): number {
    return held.size > 0 ? Math.min(retryMs, this.#options.pollMs) : this.#options.pollMs
  }

  async #work(session: Session): Promise<void> {
    this.#stirred = false
    if (this.#dirty || performance.now() - this.#lookedAt >= this.#restMs(session)) return this.#relayBatch(session)
    const published = session.shortcut.takePublished()
    this.#backlog.taken(published)
    const laterXid = await session.table.delete(published)
    if (laterXid !== undefined) session.floor.deleted(Math.max(...published), laterXid)
  }

  /** Looks for rows and publishes them; there may be more to be looked for at once. */
  async #relayBatch(session: Session): Promise<void> {
    const { table, held, floor, shortcut } = session
    this.#dirty = false
    this.#waitsForShortcut = false
    // Half of a batch at most, so that what fails again leaves room for the rest.
    held.retry(Math.ceil(this.#options.batchSize / 2))
    const heldBefore = held.size
    this.#lookedAt = performance.now()
    const { rows, xmin } = await table.look(floor.value, held.subjects)
    const lookMs = performance.now() - this.#lookedAt
    this.#backlog.looked(rows[0]?.id)
    const outcomes = await this.#publishFound(rows, shortcut)
    const published = new Set([...outcomes.flatMap(outcome => outcome.published), ...shortcut.takePublished()])
    const laterXid = await table.delete([...published])
    await this.#settle(outcomes, held)
    const cut = rows.length === this.#options.batchSize
    const ids = rows.map(row => row.id)
    const left = new Set(ids.filter(id => !published.has(id)))
    this.#backlog.taken([...published])
    this.#backlog.settled(left, cut || held.size > 0)
    floor.looked({ ids, cut, passedOver: Math.max(heldBefore, held.size) > 0, xmin, laterXid }, left)
    const moved = left.size < ids.length || held.size > heldBefore
    if ((cut && moved) || held.size < heldBefore) this.#dirty = true
    else if (held.size > 0) await this.#pause(restFactor * lookMs)
  }

  /** But for what the shortcut has published, and subjects of which it has something on its way. */
  async #publishFound(rows: readonly OutboxRow[], shortcut: OutboxShortcut): Promise<readonly Outcome[]> {
    const { publish } = this.#options
    const until = performance.now() + this.#silenceMs / 2
    const ours = rows.filter(row => !shortcut.hasPublished(row.id))
    const bySubject = [...Map.groupBy(ours, row => row.subject)]
    const free = bySubject.filter(([subject]) => shortcut.lookBegins(subject))
    this.#waitsForShortcut = free.length < bySubject.length
    return Promise.all(
      free.map(async one => {
        const outcome = await publishInOrder(one, publish, until)
        shortcut.lookEnds(outcome.subject, outcome.lastMessageId)
        return outcome
      }),
    )
  }

  async #settle(outcomes: readonly Outcome[], held: HeldSubjects): Promise<void> {
    for (const { subject, published } of outcomes) if (published.length > 0) held.published(subject)
    const failed = outcomes.filter(outcome => 'failure' in outcome)
    if (failed[0] === undefined) return
    for (const { subject } of failed) held.failed(subject)
    this.#options.onFailure(failed[0].failure)
    if (held.full) await this.#pause(retryMs)
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
  }

  #stir(): void {
    this.#stirred = true
    this.#wake?.()
  }

  async #idle(mostMs: number): Promise<void> {
    if (this.#dirty || this.#stirred || this.#aborter.signal.aborted) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, Math.max(mostMs, 0))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }
}
