// What was asked for on each connection and is not answered to its end. It ends with its connection at the latest: Node says so of
// the answer whose turn it is, but not always of those that wait behind it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Shares } from './shares.ts'

interface UnderWay {
  readonly response: ServerResponse
  /** In the order in which they were asked. */
  readonly ofConnection: UnderWay[]
  /** Its body is on its way: it waits for its client, not for us. */
  isReceiving: boolean
  whenOver: (() => void) | undefined
  /** To whose share it counts, once that is known. */
  address: string | undefined
}

/** Whether its answer will come, or has begun: what waits for the rest of a body that may never arrive is not waited for. */
const willEnd = ({ response }: UnderWay): boolean => response.req.complete || response.headersSent

export class RequestsUnderWay {
  /** Weak, and no Map: see `Slots`. */
  readonly #ofConnection = new WeakMap<Duplex, UnderWay[]>()
  readonly #byAddress: Shares
  #underWay = 0
  #receiving = 0

  /** Of one address, those whose body is on its way included. */
  constructor(mostPerAddress: number) {
    this.#byAddress = new Shares({ most: Number.POSITIVE_INFINITY, mostPerAddress })
  }

  /** Without those whose body is still on its way. */
  get inFlight(): number {
    return this.#underWay - this.#receiving
  }

  asked({ socket }: IncomingMessage, response: ServerResponse): void {
    const ofConnection = this.#ofConnection.get(socket) ?? this.#begin(socket)
    const one = { response, ofConnection, isReceiving: false, whenOver: undefined, address: undefined }
    ofConnection.push(one)
    this.#underWay += 1
    response.once('close', () => this.#over(one))
  }

  /** How many of this connection are. */
  countOf(socket: Duplex): number {
    return this.#ofConnection.get(socket)?.length ?? 0
  }

  /** Counts it for its address. False when that has its share already. */
  takeShare(request: IncomingMessage, address: string): boolean {
    const one = this.#find(request)
    if (one === undefined) return true
    if (this.#byAddress.take(address, 1) !== undefined) return false
    one.address = address
    return true
  }

  /** Waits for the body of `request`; calls `over` once when it is answered or given up. False when it is so already. */
  receiving(request: IncomingMessage, over: () => void): boolean {
    const one = this.#find(request)
    if (one === undefined) return false
    one.isReceiving = true
    this.#receiving += 1
    one.whenOver = over
    return true
  }

  received(request: IncomingMessage): void {
    const one = this.#find(request)
    if (one !== undefined) this.#received(one)
  }

  /** Calls `then` when everything that this connection was asked so far is answered, as far as it will be: at once, or later. */
  afterAnswers(socket: Duplex, then: () => void): void {
    const last = this.#ofConnection.get(socket)?.findLast(willEnd)
    if (last === undefined) then()
    else last.response.once('close', then)
  }

  #find(request: IncomingMessage): UnderWay | undefined {
    return this.#ofConnection.get(request.socket)?.find(({ response }) => response.req === request)
  }

  #begin(socket: Duplex): UnderWay[] {
    const ofConnection: UnderWay[] = []
    this.#ofConnection.set(socket, ofConnection)
    socket.once('close', () => {
      this.#ofConnection.delete(socket)
      for (const one of ofConnection.slice()) {
        this.#over(one)
        // So that whoever waits for its end hears of it.
        one.response.destroy()
      }
    })
    return ofConnection
  }

  #received(one: UnderWay): void {
    if (one.isReceiving) this.#receiving -= 1
    one.isReceiving = false
  }

  #over(one: UnderWay): void {
    const place = one.ofConnection.indexOf(one)
    if (place < 0) return
    one.ofConnection.splice(place, 1)
    this.#underWay -= 1
    this.#received(one)
    if (one.address !== undefined) this.#byAddress.giveBack(one.address, 1)
    one.whenOver?.()
  }
}
