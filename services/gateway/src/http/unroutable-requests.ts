// Requests whose URL leads to no route because it cannot be read. Fastify answers those before any hook has run; here they take the
// road of those that lead nowhere, so that they are admitted, counted and logged like everything.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CairnError } from '@cairn/contracts'

/** A path that is no route. */
const nowhere = '/'

export class UnroutableRequests {
  readonly #faults = new WeakMap<IncomingMessage, Error>()
  readonly #route: (request: IncomingMessage, response: ServerResponse) => void

  /** `route` is where requests begin. */
  constructor(route: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#route = route
  }

  /** For Fastify's `frameworkErrors`. */
  answer(fault: Error, request: IncomingMessage, response: ServerResponse): void {
    this.#faults.set(request, fault)
    request.url = nowhere
    this.#route(request, response)
  }

  /** What is wrong with a request that no route has. */
  faultOf(request: IncomingMessage): Error {
    return this.#faults.get(request) ?? new CairnError('not_found')
  }
}
