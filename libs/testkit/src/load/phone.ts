// A phone under load: records events and hands every event of its user's log to its application, once. One of the plain
// door uses `@cairn/client` for all of it; the other takes its pages through socket.io's own client.
import { createCairnClient, LocalLog, type CairnClient } from '@cairn/client'
import type { ChangesPage, Head, LoggedEvent, Receipt, Session } from '@cairn/contracts'
import { io, type Socket } from 'socket.io-client'
import type { Network } from './network.ts'

export type DoorName = 'plain WebSocket' | 'socket.io'

export interface PhoneOptions {
  readonly door: DoorName
  readonly gatewayUrl: string
  readonly network: Network
  readonly session: Session
  readonly fetch?: typeof fetch
}

const backoff = { firstMs: 250, mostMs: 3_000 }

export class Phone {
  readonly door: DoorName
  readonly userId: string
  readonly network: Network
  /** What the application was handed, in its order. */
  readonly seen: LoggedEvent[] = []
  /** Receipts by event id; more than one would be a fault. */
  readonly receipts = new Map<string, Receipt[]>()
  /** How often the application was told to forget everything. */
  resets = 0
  connects = 0
  readonly client: CairnClient
  readonly #socket: Socket | undefined

  constructor({ door, gatewayUrl, network, session, fetch }: PhoneOptions) {
    this.door = door
    this.userId = session.user.id
    this.network = network
    this.client = createCairnClient({
      gatewayUrl,
      realtimeUrl: network.url,
      session,
      ...(fetch && { fetch }),
      backoff,
      onEvents: events => this.seen.push(...events),
      onReset: () => (this.resets += 1),
      onReceipts: receipts => this.#takeReceipts(receipts),
      onStatus: status => (this.connects += status === 'live' ? 1 : 0),
    })
    if (door === 'socket.io') this.#socket = this.#openSocket(session)
    else this.client.connect()
  }

  end(): void {
    this.client.disconnect()
    this.#socket?.disconnect()
  }

  #takeReceipts(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) {
      const id = receipt.event_id ?? ''
      this.receipts.set(id, [...(this.receipts.get(id) ?? []), receipt])
    }
  }

  #openSocket({ user, access_token: token }: Session): Socket {
    const log = new LocalLog({ onEvents: events => this.seen.push(...events) })
    const socket = io(`${this.network.url}/ws/user/${user.id}?token=${token}`, {
      forceNew: true,
      reconnectionDelay: backoff.firstMs,
      reconnectionDelayMax: backoff.mostMs,
    })
    const resume = (position: Head): void => void socket.emit('resume', position)
    socket.on('session.ready', ({ epoch, seq }: Head) => {
      this.connects += 1
      if (log.head?.epoch !== epoch || log.head.seq !== seq) resume(log.head ?? { epoch, seq: 0 })
    })
    socket.on('progress.changed', (page: ChangesPage) => {
      const missing = log.apply(page) === 'gap'
      if (missing && log.head !== undefined) resume(log.head)
    })
    socket.on('resume.reset', () => (this.resets += 1))
    // A refused namespace is not tried again by socket.io itself.
    socket.on('connect_error', () => {
      if (!socket.active) setTimeout(() => socket.connect(), backoff.mostMs * Math.random())
    })
    return socket
  }
}
