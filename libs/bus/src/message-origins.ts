// On whose behalf a message waits in an outbox: the request that put it there, so that what is published later belongs to its
// trace. In memory, and bounded: a message whose origin was forgotten, or is another replica's, begins a trace of its own. Some are
// never asked for: what was put there together with others leaves under the last one's id.
import { currentRequest, type RequestContext } from '@cairn/runtime'

const mostRemembered = 10_000
const rememberedMs = 60_000

interface Origin {
  readonly request: RequestContext
  readonly at: number
}

export class MessageOrigins {
  readonly #origins = new Map<string, Origin>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get size(): number {
    return this.#origins.size
  }

  remember(messageId: string): void {
    const request = currentRequest()
    if (request === undefined) return
    const { requestId, trace } = request
    const now = this.#now()
    // Deleted first, so that the map stays in the order of time.
    this.#origins.delete(messageId)
    this.#origins.set(messageId, { request: { requestId, trace }, at: now })
    for (const [oldest, { at }] of this.#origins) {
      if (this.#origins.size <= mostRemembered && now - at < rememberedMs) return
      this.#origins.delete(oldest)
    }
  }

  of(messageId: string): RequestContext | undefined {
    return this.#origins.get(messageId)?.request
  }

  forget(messageId: string): void {
    this.#origins.delete(messageId)
  }
}
