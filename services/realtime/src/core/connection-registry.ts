// All connections of this node, by user. A node listens on the bus only for users it has connections of, and for those whose
// last one has just gone: they are likely to come back.
import { closeCode, type Caller } from '@cairn/contracts'
import type { TokenGuard } from '@cairn/tokens'
import type { Connection } from './connection.ts'
import type { TimerWheel } from './timer-wheel.ts'
import { UserConnections, type UserContext } from './user-connections.ts'

export interface RegistryOptions extends Omit<UserContext, 'onForgotten'> {
  readonly wheel: TimerWheel
  readonly socketsPerUser: number
}

export class ConnectionRegistry {
  readonly #options: RegistryOptions
  readonly #userContext: UserContext
  readonly #users = new Map<string, UserConnections>()
  #size = 0

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#userContext = { ...options, onForgotten: user => this.#users.delete(user.userId) }
    options.bus.onReconnect(() => {
      for (const connection of this.all()) connection.doubtLog()
    })
  }

  get size(): number {
    return this.#size
  }

  users(): Iterable<UserConnections> {
    return this.#users.values()
  }

  *all(): Generator<Connection> {
    for (const { connections } of this.#users.values()) yield* connections
  }

  /** The user's log, listened to from now on. */
  follow(caller: Caller): UserConnections {
    const known = this.#users.get(caller.userId)
    if (known !== undefined) return known
    const user = new UserConnections(caller, this.#userContext)
    this.#users.set(user.userId, user)
    // Whoever nobody is added to is forgotten again.
    this.#options.wheel.schedule(user, user.dueAt)
    return user
  }

  add(connection: Connection): void {
    this.#size += 1
    const user = this.follow(connection.caller)
    user.add(connection)
    // Until then it was to be forgotten.
    if (user.connections.length === 1) this.#options.wheel.schedule(user, user.dueAt)
  }

  remove(connection: Connection): void {
    const user = this.#users.get(connection.userId)
    if (user?.remove(connection) !== true) return
    this.#size -= 1
    if (user.connections.length === 0) this.#options.wheel.schedule(user, user.dueAt)
  }

  /** Closes the oldest open connections of a user beyond the limit. */
  closeExcess(userId: string): void {
    const open = (this.#users.get(userId)?.connections ?? []).filter(connection => connection.open)
    const excess = open.slice(0, Math.max(0, open.length - this.#options.socketsPerUser))
    for (const connection of excess) connection.close(closeCode.replaced)
  }

  endSession(userId: string, sessionId: string): void {
    for (const connection of this.#users.get(userId)?.connections ?? []) {
      if (connection.caller.sessionId === sessionId) connection.close(closeCode.sessionRevoked)
    }
  }

  /** Ends the connections a user has now, and how many that were; the client comes back after a random time up to `retryMs`. */
  disconnectUser(userId: string, retryMs: number): number {
    const open = (this.#users.get(userId)?.connections ?? []).filter(connection => connection.open)
    for (const connection of open) connection.close(closeCode.drain, Math.floor(Math.random() * retryMs))
    return open.length
  }

  /** Every session of the user is over whose token was issued by then (seconds since the epoch). */
  signOutUser(userId: string, notAfter: number): void {
    for (const connection of this.#users.get(userId)?.connections ?? []) {
      if (connection.claims.issuedAt <= notAfter) connection.close(closeCode.sessionRevoked)
    }
  }

  /**
   * Closes what must not go on: of an ended session it is told to stay away, of a token too old to tell, or of a withdrawn key, to
   * refresh, after a random time up to `retryMs`: it may be everybody's.
   */
  recheck(verdictOn: TokenGuard['verdictOn'], retryMs: number): void {
    for (const connection of this.all()) {
      const verdict = verdictOn(connection.claims)
      if (verdict === 'token_invalid') connection.close(closeCode.sessionRevoked)
      if (verdict === 'token_expired') connection.close(closeCode.tokenExpired, Math.floor(Math.random() * retryMs))
    }
  }
}
