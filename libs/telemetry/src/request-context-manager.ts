// The context in which instrumentations start their spans: the one they set themselves, else the current request's own span.
// So the request context is the only one that has to be carried along, and costs nothing more with OpenTelemetry than without.
import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT, type Context, type ContextManager } from '@opentelemetry/api'
import { currentRequest, type RequestContext } from '@cairn/runtime'
import { contextOf } from './span-export.ts'

interface Entered {
  readonly context: Context
  readonly request: RequestContext | undefined
}

export class RequestContextManager implements ContextManager {
  readonly #entered = new AsyncLocalStorage<Entered>()

  active(): Context {
    const entered = this.#entered.getStore()
    const request = currentRequest()
    // What was entered within another request is not this one's.
    if (entered !== undefined && entered.request === request) return entered.context
    return request === undefined ? ROOT_CONTEXT : contextOf(request.trace, request.trace.spanId, false)
  }

  readonly with: ContextManager['with'] = (context, work, ...rest) => {
    const [thisArg, ...args] = rest
    return this.#entered.run({ context, request: currentRequest() }, () => work.call(thisArg as never, ...args))
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target
    const bound = (...args: unknown[]): unknown =>
      this.#entered.run({ context, request: currentRequest() }, () =>
        (target as (...all: unknown[]) => unknown)(...args),
      )
    return bound as T
  }

  enable(): this {
    return this
  }

  disable(): this {
    this.#entered.disable()
    return this
  }
}
