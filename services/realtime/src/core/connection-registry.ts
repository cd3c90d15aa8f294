// All connections of this node, by user. A node listens on the bus only for users it has connections of: the first one
// subscribes, the last one to go ends it. A page is parsed and put into a frame once, however many sockets get it.
import { closeCode, frameType, logAdvancedSubject, type ChangesPage } from '@cairn/contracts'
import { subscribe, type Bus, type EventMessage, type Subscription } from '@cairn/bus'
import type { TokenGuard } from '@cairn/tokens'
import type { Connection } from './connection.ts'
import { frameOfText } from './frame.ts'
import type { LivePage } from './log-follower.ts'

interface UserConnections {
  /** In the order they came. */
  readonly connections: Set<Connection>
  readonly subscription: Subscription
}

const isSeq = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Undefined when it is no page. Only what is used here is looked at; the rest is the client's. */
const readPage = (message: EventMessage): LivePage | undefined => {
  try {
    const text = message.text()
    const { epoch, from_seq, to_seq } = JSON.parse(text) as Partial<ChangesPage>
    if (typeof epoch !== 'string' || !isSeq(from_seq) || !isSeq(to_seq)) return undefined
    return { epoch, from_seq, to_seq, frame: frameOfText(frameType.progressChanged, text) }
  } catch {
    return undefined
  }
}

export class ConnectionRegistry {
  readonly #bus: Bus
  readonly #socketsPerUser: number
  readonly #users = new Map<string, UserConnections>()
  #size = 0

  constructor(bus: Bus, socketsPerUser: number) {
    this.#bus = bus
    this.#socketsPerUser = socketsPerUser
    bus.onReconnect(() => {
      for (const connection of this.all()) connection.checkLog()
    })
  }

  get size(): number {
    return this.#size
  }

  *all(): Generator<Connection> {
    for (const { connections } of this.#users.values()) yield* connections
  }

  /** From now on the connection gets the pages of its user. */
  add(connection: Connection): void {
    this.#size += 1
    const known = this.#users.get(connection.userId)
    if (known === undefined) this.#users.set(connection.userId, this.#listen(connection))
    else known.connections.add(connection)
  }

  remove(connection: Connection): void {
    const user = this.#users.get(connection.userId)
    if (user?.connections.delete(connection) !== true) return
    this.#size -= 1
    if (user.connections.size > 0) return
    this.#users.delete(connection.userId)
    user.subscription.unsubscribe()
  }

  /** Closes the oldest open connections of a user beyond the limit. */
  closeExcess(userId: string): void {
    const open = [...(this.#users.get(userId)?.connections ?? [])].filter(connection => connection.open)
    const excess = open.slice(0, Math.max(0, open.length - this.#socketsPerUser))
    for (const connection of excess) connection.close(closeCode.replaced)
  }

  endSession(userId: string, sessionId: string): void {
    for (const connection of this.#users.get(userId)?.connections ?? []) {
      if (connection.caller.sessionId === sessionId) connection.close(closeCode.sessionRevoked)
    }
  }

  /** Every session of the user is over whose token was issued by then (seconds since the epoch). */
  signOutUser(userId: string, notAfter: number): void {
    for (const connection of this.#users.get(userId)?.connections ?? []) {
      if (connection.claims.issuedAt <= notAfter) connection.close(closeCode.sessionRevoked)
    }
  }

  /** Closes what must not go on: of an ended session it is told to stay away, of one too old to tell to refresh. */
  recheck(verdictOn: TokenGuard['verdictOn']): void {
    for (const connection of this.all()) {
      const verdict = verdictOn(connection.claims)
      if (verdict === 'token_invalid') connection.close(closeCode.sessionRevoked)
      if (verdict === 'token_expired') connection.close(closeCode.tokenExpired)
    }
  }

  #listen(first: Connection): UserConnections {
    const connections = new Set([first])
    const subscription = subscribe(this.#bus, logAdvancedSubject(first.userId), message => {
      const page = readPage(message)
      if (page === undefined) this.#bus.logger.error({ subject: message.subject }, 'an event about a log is no page')
      else for (const connection of connections) connection.receivePage(page)
    })
    return { connections, subscription }
  }
}
