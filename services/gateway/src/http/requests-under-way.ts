// What was asked for on each connection and is not answered to its end. It ends with its connection at the latest: Node says so of
// the answer whose turn it is, but not always of those that wait behind it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Whether its answer will come, or has begun: what waits for the rest of a body that may never arrive is not waited for. */
const willEnd = (response: ServerResponse): boolean => response.req.complete || response.headersSent

export class RequestsUnderWay {
  /** In the order in which they were asked. */
  readonly #ofConnection = new Map<Duplex, Set<ServerResponse>>()
  /** Those whose body is on its way: they wait for their client, not for us. */
  readonly #receiving = new Set<IncomingMessage>()
  readonly #whenOver = new Map<IncomingMessage, () => void>()
  #underWay = 0

  /** Without those whose body is still on its way. */
  get inFlight(): number {
    return this.#underWay - this.#receiving.size
  }

  asked({ socket }: IncomingMessage, response: ServerResponse): void {
    const ofConnection = this.#ofConnection.get(socket) ?? this.#begin(socket)
    ofConnection.add(response)
    this.#underWay += 1
    response.once('close', () => this.#over(ofConnection, response))
  }

  /** Waits for the body of `request`; calls `over` once when it is answered or given up. False when it is so already. */
  receiving(request: IncomingMessage, over: () => void): boolean {
    const ofConnection = [...(this.#ofConnection.get(request.socket) ?? [])]
    if (!ofConnection.some(response => response.req === request)) return false
    this.#receiving.add(request)
    this.#whenOver.set(request, over)
    return true
  }

  received(request: IncomingMessage): void {
    this.#receiving.delete(request)
  }

  /** Calls `then` when everything that this connection was asked so far is answered, as far as it will be: at once, or later. */
  afterAnswers(socket: Duplex, then: () => void): void {
    const last = [...(this.#ofConnection.get(socket) ?? [])].findLast(willEnd)
    if (last === undefined) then()
    else last.once('close', then)
  }

  #begin(socket: Duplex): Set<ServerResponse> {
    const ofConnection = new Set<ServerResponse>()
    this.#ofConnection.set(socket, ofConnection)
    socket.once('close', () => {
      this.#ofConnection.delete(socket)
      for (const response of ofConnection) {
        this.#over(ofConnection, response)
        // So that whoever waits for its end hears of it.
        response.destroy()
      }
    })
    return ofConnection
  }

  #over(ofConnection: Set<ServerResponse>, response: ServerResponse): void {
    if (!ofConnection.delete(response)) return
    this.#underWay -= 1
    this.#receiving.delete(response.req)
    this.#whenOver.get(response.req)?.()
    this.#whenOver.delete(response.req)
  }
}
