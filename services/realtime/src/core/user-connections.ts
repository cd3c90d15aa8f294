// One user who has sockets on this node, or had one a moment ago: the subscription, the recent pages, and now and then a
// comparison with the head, since a lost last page leaves no gap to be found by.
import { frameType, logAdvancedSubject, type Caller, type ChangesPage, type Head } from '@cairn/contracts'
import { subscribe, type Bus, type EventMessage, type Subscription } from '@cairn/bus'
import { runOutsideRequest, type HashUser } from '@cairn/runtime'
import type { Connection } from './connection.ts'
import type { FollowedLog } from './followed-log.ts'
import { frameOfText, type Frame } from './frame.ts'
import type { LogReader } from './log-reader.ts'
import type { LogRepairs } from './log-repairs.ts'
import { rangeOfText } from './page-range.ts'
import { RecentPages, type LivePage, type RecentBudget, type RecentLimits } from './recent-pages.ts'
import { notScheduled, type Timed } from './timer-wheel.ts'

/** What all users of a node share. */
export interface UserContext {
  readonly bus: Bus
  readonly logReader: LogReader
  readonly repairs: LogRepairs
  readonly hashUser: HashUser
  readonly recentLimits: RecentLimits
  readonly recentBudget: RecentBudget
  /** Without a page for so long the head is compared; up to half of it earlier, by chance, as many users may have come together. */
  readonly headCheckMs: number
  /** How long the user is kept after the last connection has gone. */
  readonly lingerMs: number
  /** Called once, when the user is kept no longer. */
  readonly onForgotten: (user: UserConnections) => void
}

/** Undefined when it is no page. */
const readPage = (message: EventMessage): LivePage | undefined => {
  const text = message.text()
  const range = rangeOfText(text)
  return range && { ...range, frame: frameOfText(frameType.progressChanged, text) }
}

export class UserConnections implements Timed, FollowedLog {
  slot: number = notScheduled
  readonly userId: string
  readonly recent: RecentPages
  readonly #context: UserContext
  /** Another one for each change, of just that length: most users have one, and there are many of them. */
  #connections: readonly Connection[] = []
  readonly #subscription: Subscription
  #caller: Caller
  /** When the last connection went. */
  #leftAt = performance.now()
  /** Set with the first connection. */
  #compareAt = 0
  #comparing = false

  constructor(caller: Caller, context: UserContext) {
    this.userId = caller.userId
    this.recent = new RecentPages(context.recentLimits, context.recentBudget)
    this.#caller = caller
    this.#context = context
    this.#subscription = subscribe(context.bus, logAdvancedSubject(this.userId), message => this.#receive(message))
  }

  /** In the order they came. */
  get connections(): readonly Connection[] {
    return this.#connections
  }

  /** When it wants `tick` to be called, after a connection was added or the last one has gone. */
  get dueAt(): number {
    return this.#connections.length === 0 ? this.#leftAt + this.#context.lingerMs : this.#compareAt
  }

  add(connection: Connection): void {
    // Its handshake reads the head.
    if (this.#connections.length === 0) this.#putOffComparing(performance.now())
    this.#caller = connection.caller
    this.#connections = this.#connections.concat(connection)
  }

  /** Whether it was there. */
  remove(connection: Connection): boolean {
    if (!this.#connections.includes(connection)) return false
    this.#connections = this.#connections.filter(one => one !== connection)
    if (this.#connections.length === 0) this.#leftAt = performance.now()
    return true
  }

  /** To how many of the connections it was sent. */
  notify(frame: Frame): number {
    return this.#connections.filter(connection => connection.notify(frame)).length
  }

  readChanges(position: Head, isWanted: () => boolean): Promise<ChangesPage | undefined> {
    return this.#context.logReader.readChanges(this.#caller, position, isWanted)
  }

  readHead(): Promise<Head> {
    return this.#context.logReader.readHead(this.#caller)
  }

  catchUp(work: () => Promise<void>): Promise<string | undefined> {
    return this.#repair('catch up with a log', work)
  }

  tick(now: number): number | undefined {
    this.recent.prune(now)
    if (this.#connections.length === 0) {
      if (now < this.dueAt) return this.dueAt
      this.#forget()
      return undefined
    }
    if (now >= this.#compareAt) {
      this.#putOffComparing(now)
      void this.#compareWithHead()
    }
    return this.#compareAt
  }

  #putOffComparing(now: number): void {
    this.#compareAt = now + this.#context.headCheckMs * (1 - Math.random() / 2)
  }

  /** Once at a time: while progress is slow, those who wait for their turn do not get more. */
  async #compareWithHead(): Promise<void> {
    if (this.#comparing) return
    this.#comparing = true
    await this.#repair('compare a log with its head', async () => {
      const isWanted = (): boolean => this.#connections.some(({ open }) => open)
      const head = await this.#context.logReader.readHeadInTurn(this.#caller, isWanted)
      if (head === undefined) return
      for (const connection of this.#connections) connection.checkAgainst(head)
    })
    this.#comparing = false
  }

  #repair(name: string, work: () => Promise<void>): Promise<string | undefined> {
    const { repairs, hashUser } = this.#context
    return repairs.run({ name, userHash: () => hashUser(this.userId), work })
  }

  #receive(message: EventMessage): void {
    const page = readPage(message)
    if (page === undefined) {
      this.#context.bus.logger.error({ subject: message.subject }, 'an event about a log is no page')
      return
    }
    const now = performance.now()
    if (this.#connections.length > 0) this.#putOffComparing(now)
    this.recent.add(page, now)
    // The frame is of the request that committed it; what a client has missed before is not for that request to read.
    runOutsideRequest(() => {
      for (const connection of this.#connections) connection.receivePage(page)
    })
  }

  #forget(): void {
    this.recent.clear()
    this.#subscription.unsubscribe()
    this.#context.onForgotten(this)
  }
}
