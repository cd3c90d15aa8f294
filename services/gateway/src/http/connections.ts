// The connections: how many there may be, what is under way on each, and what is answered where bytes never become a request
// (malformed HTTP, too large a head, too slow, a connection too many).
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CairnError, errorKinds, type ErrorCode } from '@cairn/contracts'
import { continueTrace, newRequestId, runInRequest } from '@cairn/runtime'
import type { GatewayContext } from '../context.ts'
import { framingFaultOf } from './framing.ts'
import { endWith } from './raw-answer.ts'
import { RequestsUnderWay } from './requests-under-way.ts'
import { closeWithAll, refuseTunnel, takeOver } from './tunnels.ts'

const codeOf = (nodeCode: string | undefined): ErrorCode => {
  if (nodeCode === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return nodeCode === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request'
}

export interface ConnectionBounds {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly maxRefusedConnections: number
  readonly maxPipelined: number
  readonly maxInFlightPerAddress: number
}

export class Connections {
  readonly underWay: RequestsUnderWay
  readonly #context: Pick<GatewayContext, 'logger' | 'incidents' | 'addressOf'>
  readonly #bounds: ConnectionBounds
  readonly #byAddress = new Map<string, number>()
  /** Answered that they are one too many: what they ask for is not done. */
  readonly #refused = new WeakSet<Duplex>()
  readonly #broken = new WeakSet<Duplex>()
  /** Whose last request has come: what follows may be a part of it. */
  readonly #ended = new WeakSet<Duplex>()
  readonly #dropped = new WeakSet<IncomingMessage>()
  readonly #tunnels = new Set<Socket>()
  readonly #faults = new WeakMap<IncomingMessage, string>()
  /** Without those that are refused. */
  #open = 0
  /** Refused, and not closed yet: each may stay for a moment, so that its client has read why. */
  #beingRefused = 0

  constructor(context: GatewayContext, bounds: ConnectionBounds) {
    this.#context = context
    this.#bounds = bounds
    this.underWay = new RequestsUnderWay(bounds.maxInFlightPerAddress)
  }

  /** Whether it is not looked at: its connection has its last answer, or will have it for what came before. */
  isDropped(request: IncomingMessage): boolean {
    return this.#dropped.has(request)
  }

  /** What is wrong with its framing. */
  faultOf(request: IncomingMessage): string | undefined {
    return this.#faults.get(request)
  }

  /** Whether its connection ends with the answer to it. */
  isLast(request: IncomingMessage): boolean {
    // Node stops reading there, for a protocol that is not spoken here, and drops the rest of what it has read.
    return this.#faults.has(request) || request.headers.upgrade !== undefined
  }

  watch(server: Server): void {
    server.on('connection', socket => this.#connected(socket))
    // Before whoever handles it, which may answer at once.
    server.prependListener('request', (request, response) => this.#asked(request, response))
    closeWithAll(server, this.#tunnels)
    server.on('connect', (request: IncomingMessage) => {
      takeOver(request, this.#tunnels)
      if (!this.#isOver(request.socket)) refuseTunnel(server, request, this.underWay)
    })
  }

  #isOver(socket: Duplex): boolean {
    return this.#refused.has(socket) || this.#ended.has(socket)
  }

  #asked(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    if (this.#isOver(socket)) {
      this.#dropped.add(request)
      return
    }
    if (this.underWay.countOf(socket) >= this.#bounds.maxPipelined) {
      this.#dropped.add(request)
      socket.destroy()
      return
    }
    this.underWay.asked(request, response)
    const fault = framingFaultOf(request)
    if (fault !== undefined) this.#faults.set(request, fault)
    if (this.isLast(request)) this.#ended.add(socket)
  }

  /** For Node's `clientError`. The connection ends with the answer to it, and with those to what was asked before. */
  unreadable(error: Error & { code?: string }, socket: Duplex): void {
    // It has its last answer, or will have it: nothing that follows is read.
    const isSettled = this.#broken.has(socket) || this.#refused.has(socket)
    if (error.code === 'ECONNRESET' || (!socket.writable && !isSettled)) socket.destroy()
    if (isSettled || socket.destroyed) return
    this.#broken.add(socket)
    const code = codeOf(error.code)
    const requestId = newRequestId()
    const { status } = errorKinds[code]
    this.#context.logger.info({ request_id: requestId, status, parser: error.code }, 'unreadable request')
    this.underWay.afterAnswers(socket, () => {
      if (socket.writable) endWith(socket, { error: new CairnError(code), requestId })
    })
  }

  #connected(socket: Socket): void {
    const { key, throughProxy } = this.#context.addressOf({ headers: {}, socket })
    const ofAddress = this.#byAddress.get(key) ?? 0
    const { maxConnections, maxConnectionsPerAddress } = this.#bounds
    if (this.#open >= maxConnections) {
      const error = new CairnError('unavailable', { detail: 'Too many connections; try again.' })
      this.#refuse(socket, error)
    } else if (!throughProxy && ofAddress >= maxConnectionsPerAddress) {
      const detail = 'Too many connections of this address.'
      const violatedPolicies = ['connections']
      this.#refuse(socket, new CairnError('rate_limited', { detail, retryAfterSeconds: 1, violatedPolicies }))
    } else {
      this.#open += 1
      this.#byAddress.set(key, ofAddress + 1)
      socket.once('close', () => this.#closed(key))
    }
  }

  #refuse(socket: Socket, error: CairnError): void {
    this.#refused.add(socket)
    if (this.#beingRefused >= this.#bounds.maxRefusedConnections) {
      socket.destroy()
      return
    }
    this.#beingRefused += 1
    socket.once('close', () => (this.#beingRefused -= 1))
    const requestId = newRequestId()
    const failure = { code: error.code, route: 'connection', error, message: 'refused' }
    const isOurs = errorKinds[error.code].status >= 500
    // A request of its own, so that the id in the answer leads to it.
    const request = { requestId, trace: continueTrace() }
    const incident = isOurs ? { incidentId: runInRequest(request, () => this.#context.incidents.open(failure)) } : {}
    endWith(socket, { error, requestId, ...incident })
  }

  #closed(key: string): void {
    this.#open -= 1
    const left = (this.#byAddress.get(key) ?? 0) - 1
    if (left > 0) this.#byAddress.set(key, left)
    else this.#byAddress.delete(key)
  }
}
