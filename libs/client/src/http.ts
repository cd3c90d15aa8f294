// One call of the HTTP API. What the server says may be tried again (429, 503) is, as late as it says and not for ever;
// so is a call that may never have arrived, if doing it twice is harmless.
import { backoffMs, defaultBackoff, sleep } from './backoff.ts'
import { CairnProblem, isAnswer, problemOf, retryAfterMsOf } from './cairn-problem.ts'

export interface HttpOptions {
  readonly gatewayUrl: string
  readonly fetch: typeof fetch
  /** Most attempts at one call, the first included. */
  readonly maxAttempts: number
  /** A call whose wait would be longer than this fails at once. */
  readonly maxWaitMs: number
  /** Longest time one attempt may take. */
  readonly timeoutMs: number
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below `/api/v1`, with its query. */
  readonly path: string
  readonly body?: unknown
  readonly token?: string
  /** Doing it twice is harmless, so it may be repeated when no answer came. */
  readonly repeatable: boolean
  /** Asked before each attempt: false when nobody waits for the answer any more. */
  readonly isWanted?: () => boolean
  /** Called after an attempt of which is not known whether the server has done what was asked for. */
  readonly onDoubt?: () => void
}

export type Http = <Answer>(call: HttpCall) => Promise<Answer>

/** Not `AbortSignal.timeout`, which React Native lacks. */
const within = async <T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error('The server did not answer in time.')), timeoutMs)
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
  }
}

const noContent = 204

/** Undefined when it is no JSON. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const send = async ({ gatewayUrl, fetch }: HttpOptions, call: HttpCall, signal: AbortSignal): Promise<unknown> => {
  const response = await fetch(`${gatewayUrl}/api/v1${call.path}`, {
    method: call.method,
    headers: {
      accept: 'application/json',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    signal,
  })
  if (response.status === noContent) return undefined
  const answer = parse(await response.text())
  if (!response.ok || answer === undefined) throw problemOf(response, answer)
  return answer
}

/** Milliseconds to wait before trying again, or undefined when it is of no use. */
const waitMs = (error: unknown, call: HttpCall, attempts: number): number | undefined => {
  const jitterMs = backoffMs(defaultBackoff, attempts)
  if (!(error instanceof CairnProblem)) return call.repeatable ? jitterMs : undefined
  const passes = error.code === 'unavailable' || error.code === 'rate_limited'
  return passes && (call.repeatable || !error.isForeign) ? retryAfterMsOf(error) + jitterMs : undefined
}

/** Rejects with `CairnProblem` for every answer that is an error, and with fetch's own error when there was none. */
export const createHttp =
  (options: HttpOptions): Http =>
  async <Answer>(call: HttpCall): Promise<Answer> => {
    for (let attempts = 0; ; attempts += 1) {
      if (call.isWanted?.() === false) throw new Error('The call was called off.')
      try {
        return (await within(options.timeoutMs, signal => send(options, call, signal))) as Answer
      } catch (error) {
        if (!isAnswer(error)) call.onDoubt?.()
        const ms = waitMs(error, call, attempts)
        if (ms === undefined || ms > options.maxWaitMs || attempts + 1 >= options.maxAttempts) throw error
        await sleep(ms)
      }
    }
  }
