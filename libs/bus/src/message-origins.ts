// On whose behalf a message waits in an outbox: the request that put it there, so that what is published later belongs to its
// trace. In memory, and bounded: a message whose origin was forgotten, or is another replica's, begins a trace of its own.
import { currentRequest, type RequestContext } from '@cairn/runtime'

const mostRemembered = 10_000

export class MessageOrigins {
  readonly #origins = new Map<string, RequestContext>()

  remember(messageId: string): void {
    const request = currentRequest()
    if (request === undefined) return
    const { requestId, trace } = request
    this.#origins.set(messageId, { requestId, trace })
    if (this.#origins.size <= mostRemembered) return
    for (const oldest of this.#origins.keys()) {
      this.#origins.delete(oldest)
      return
    }
  }

  of(messageId: string): RequestContext | undefined {
    return this.#origins.get(messageId)
  }

  forget(messageId: string): void {
    this.#origins.delete(messageId)
  }
}
