// Answering requests: one queue-group subscription per owner, payloads checked by the contract's schema, a deadline for
// each, a bound on how many run at once. A handler's CairnError goes back; anything else is logged once and is `internal`.
import type { Msg } from '@nats-io/nats-core'
import {
  CairnError,
  errorKinds,
  fieldErrorsOf,
  requestSubjectsOf,
  toCairnError,
  type Caller,
  type Operation,
  type Owner,
  type ReplyOf,
  type RequestOf,
} from '@cairn/contracts'
import { currentRequest, endRequestSpan, fingerprintOf, runInRequest, type HashUser } from '@cairn/runtime'
import { Compile, type Validator } from 'typebox/compile'
import { callerOf, incomingRequest, timeoutOf, utf8 } from './bus-headers.ts'
import { isInbox, type Bus } from './connection.ts'
import { respondWithFailure } from './failure.ts'
import { nowAndThen } from './now-and-then.ts'
import { messagingAttributes } from './span-attributes.ts'

/** What a handler knows of the call besides its payload. */
export interface Call {
  readonly caller: Caller | undefined
  /** `performance.now()` by which the answer has to be given. */
  readonly deadlineAt: number
}
export type Handler<O extends Operation> = (payload: RequestOf<O>, call: Call) => Promise<ReplyOf<O>>

export interface Route {
  readonly subject: string
  readonly validator: Validator
  readonly handle: (payload: unknown, call: Call) => Promise<unknown>
}

/** Ties an operation to its handler; the schema is compiled here, once. */
export const route = <O extends Operation>(operation: O, handle: Handler<O>): Route => ({
  subject: operation.subject,
  validator: Compile(operation.request),
  handle: (payload, call) => handle(payload as RequestOf<O>, call),
})

/** The same for an owner whose handlers fail in a way that has to be said in other terms outside, e.g. those of its database. */
export const routeWith =
  (failureOf: (error: unknown) => CairnError) =>
  <O extends Operation>(operation: O, handle: Handler<O>): Route =>
    route<O>(operation, async (payload, call) => {
      try {
        return await handle(payload, call)
      } catch (error) {
        throw failureOf(error)
      }
    })

export interface ServeOptions {
  readonly owner: Owner
  readonly routes: readonly Route[]
  readonly hashUser: HashUser
  /** Most a request may take here, whatever the caller would wait. */
  readonly handlerTimeoutMs: number
}

export interface Serving {
  /** Takes no more requests; those begun go on. */
  stop(): Promise<void>
}

const parse = (message: Msg, { validator }: Route): unknown => {
  let payload: unknown
  try {
    payload = message.json()
  } catch (cause) {
    throw new CairnError('invalid_request', { detail: 'The payload is not JSON.', cause })
  }
  if (validator.Check(payload)) return payload
  throw new CairnError('invalid_request', { errors: fieldErrorsOf(validator.Errors(payload)) })
}

/** `failedLate` is told of a failure that comes after the deadline: nobody waits for it, and it may be why it came so late. */
const within = async <T>(
  work: Promise<T>,
  { deadlineAt, failedLate }: { deadlineAt: number; failedLate: (error: unknown) => void },
): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const fail = (): void => reject(new CairnError('unavailable', { cause: new Error('the handler ran out of time') }))
    timer = setTimeout(fail, Math.max(deadlineAt - performance.now(), 1))
  })
  try {
    return await Promise.race([work, late])
  } catch (error) {
    work.catch((cause: unknown) => {
      if (cause !== error) failedLate(cause)
    })
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Logs a failure of ours, once; its fingerprint goes back to whoever tells the client. */
const report = (bus: Bus, message: Msg, error: CairnError): string | undefined => {
  if (errorKinds[error.code].status < 500) return undefined
  const failure = { code: error.code, error: error.cause ?? error }
  bus.logger.error({ ...failure, subject: message.subject }, 'request failed')
  return fingerprintOf({ ...failure, service: bus.logger.service, route: message.subject })
}

const reportLate = (bus: Bus, message: Msg, thrown: unknown): void => {
  const { code, cause } = toCairnError(thrown)
  if (errorKinds[code].status < 500) return
  bus.logger.error({ code, error: cause ?? thrown, subject: message.subject }, 'request failed after its deadline')
}

/** A subject nobody knows is the sender's to choose, and no label. */
const endSpan = (bus: Bus, subject: string, { startedAt, error }: { startedAt: number; error?: string }): void => {
  const { recorder, metrics } = bus.logger
  const outcome = error ?? 'ok'
  metrics.observe('messaging.process.duration', performance.now() - startedAt, { subject, outcome })
  const request = currentRequest()
  if (request === undefined) return
  const attributes = messagingAttributes('process', 'process', subject)
  endRequestSpan(recorder, request, { name: `process ${subject}`, kind: 'consumer', startedAt, error, attributes })
}

const answer = async (
  bus: Bus,
  message: Msg,
  { routes, options }: { routes: ReadonlyMap<string, Route>; options: ServeOptions },
) => {
  const startedAt = performance.now()
  const found = routes.get(message.subject)
  const subject = found?.subject ?? 'unknown'
  try {
    if (found === undefined) throw new CairnError('not_found', { detail: 'No such operation.' })
    if (!bus.inFlight.hasRoom) throw new CairnError('unavailable', { cause: new Error('too many requests in flight') })
    const timeoutMs = Math.min(timeoutOf(message.headers) ?? options.handlerTimeoutMs, options.handlerTimeoutMs)
    const call = { caller: callerOf(message.headers), deadlineAt: performance.now() + timeoutMs }
    const payload = parse(message, found)
    // What is answered for late still runs: it keeps its place until it is over.
    const reply = await within(
      bus.inFlight.track(() => found.handle(payload, call)),
      { deadlineAt: call.deadlineAt, failedLate: error => reportLate(bus, message, error) },
    )
    message.respond(utf8(JSON.stringify(reply)))
    endSpan(bus, subject, { startedAt })
  } catch (thrown) {
    const error = toCairnError(thrown)
    const fingerprint = report(bus, message, error)
    endSpan(bus, subject, { startedAt, error: error.code })
    respondWithFailure(message, error, fingerprint)
  }
}

/** An owner may say more than answers, e.g. that a user was deleted, or purge its stream: never because an asker wants to hear it there. */
const isAnsweredElsewhere = ({ reply = '' }: Msg): boolean => reply !== '' && !isInbox(reply)

/** Serves the owner's requests until `stop()`. */
export const serve = (bus: Bus, options: ServeOptions): Serving => {
  const routes = new Map(options.routes.map(one => [one.subject, one]))
  const refuse = nowAndThen(({ subject, reply }: Msg) =>
    bus.logger.error({ subject, reply }, 'a request names no inbox for its answer: it is not served'),
  )
  const subscription = bus.subscribe(requestSubjectsOf(options.owner), {
    queue: options.owner,
    callback: (error, message) => {
      if (error !== null) {
        bus.logger.error({ error }, 'subscription failed')
        return
      }
      if (isAnsweredElsewhere(message)) {
        refuse(message)
        return
      }
      const context = incomingRequest(message.headers)
      const caller = callerOf(message.headers)
      if (caller !== undefined) context.userHash = options.hashUser(caller.userId)
      runInRequest(context, () => {
        answer(bus, message, { routes, options }).catch((failed: unknown) =>
          bus.logger.error({ error: failed }, 'could not answer'),
        )
      })
    },
  })
  return {
    stop: async () => {
      if (bus.connected) await subscription.drain()
    },
  }
}
