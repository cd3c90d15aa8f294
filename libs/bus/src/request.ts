// Asking an owner: one request, one reply or one CairnError.
import {
  CairnError,
  header,
  isErrorCode,
  type Caller,
  type Operation,
  type ReplyOf,
  type RequestOf,
  toCairnError,
} from '@cairn/contracts'
import type { Msg } from '@nats-io/nats-core'
import { startSpan, type Span } from '@cairn/runtime'
import { headerOf, outgoingHeaders, setCaller } from './bus-headers.ts'
import type { Bus } from './connection.ts'
import type { BusFailure } from './failure.ts'
import { messagingAttributes } from './span-attributes.ts'

export interface RequestOptions {
  /** On whose behalf; the owner acts for nobody when left out. */
  readonly caller?: Caller
  readonly timeoutMs: number
}

/** The callee gives up this much earlier, so that its own answer names the cause before the caller stops waiting. */
const marginMs = 1_000

const failureOf = (message: Msg, code: string): CairnError => {
  const { detail, errors, retry_after: retryAfterSeconds } = message.json<BusFailure>()
  const fingerprint = headerOf(message.headers, header.fingerprint)
  return new CairnError(isErrorCode(code) ? code : 'internal', {
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  })
}

/** Headers and subject of a message count against the server's limit too. */
const reservedBytes = 8_192

/** What a client may have sent can be too deep to be written down, or grow on the way: 1e20 is one digit and twenty noughts. */
const encode = (bus: Bus, payload: unknown): string => {
  let text: string
  try {
    text = JSON.stringify(payload)
  } catch (cause) {
    throw new CairnError('invalid_request', { detail: 'The body is nested too deeply.', cause })
  }
  const limit = (bus.nats.info?.max_payload ?? 1_048_576) - reservedBytes
  if (Buffer.byteLength(text) > limit) throw new CairnError('payload_too_large')
  return text
}

const ask = async <O extends Operation>(
  bus: Bus,
  operation: O,
  { payload, caller, timeoutMs, span }: RequestOptions & { payload: RequestOf<O>; span: Span | undefined },
): Promise<ReplyOf<O>> => {
  if (!bus.connected) throw new CairnError('unavailable', { cause: new Error('not connected to the bus') })
  const text = encode(bus, payload)
  const headers = outgoingHeaders(span)
  headers.set(header.timeoutMs, String(Math.max(timeoutMs - marginMs, Math.ceil(timeoutMs / 2))))
  if (caller !== undefined) setCaller(headers, caller)
  const message = await bus.replies.send(operation.subject, text, { timeoutMs, headers })
  const code = headerOf(message.headers, header.errorCode)
  if (code !== undefined) throw failureOf(message, code)
  return message.json<ReplyOf<O>>()
}

/** Sends `payload` to the operation's owner. Rejects with the owner's CairnError, or `unavailable` when it gives none in time. */
export const request = async <O extends Operation>(
  bus: Bus,
  operation: O,
  { payload, caller, timeoutMs }: RequestOptions & { payload: RequestOf<O> },
): Promise<ReplyOf<O>> => {
  const { recorder, metrics } = bus.logger
  const { subject } = operation
  const startedAt = performance.now()
  const span = startSpan(recorder, {
    name: `request ${subject}`,
    kind: 'client',
    attributes: messagingAttributes('request', 'send', subject),
  })
  const end = (error?: string): void => {
    span?.end(error)
    const outcome = error ?? 'ok'
    metrics.observe('messaging.client.operation.duration', performance.now() - startedAt, { subject, outcome })
  }
  try {
    const reply = await ask(bus, operation, { payload, timeoutMs, span, ...(caller === undefined ? {} : { caller }) })
    end()
    return reply
  } catch (error) {
    end(toCairnError(error).code)
    throw error
  }
}
