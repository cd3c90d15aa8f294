// Every error answer of the server, as one error class: `code` says what to do, `requestId` and `incidentId` whom to ask.
import type { Problem } from '@cairn/contracts'

/** RFC 9457's own type, for a problem of which no more is known than its status. */
const foreignType = 'about:blank'

export class CairnProblem extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title)
    this.name = 'CairnProblem'
    this.problem = problem
  }

  get code(): Problem['code'] {
    return this.problem.code
  }

  get status(): number {
    return this.problem.status
  }

  get requestId(): string {
    return this.problem.request_id
  }

  get incidentId(): string | undefined {
    return this.problem.incident_id
  }

  /** Not the server's own answer but of something in between, so whether the server has heard of the call is not known. */
  get isForeign(): boolean {
    return this.problem.type === foreignType
  }

  /** Milliseconds to wait before trying again, where the server said so. */
  get retryAfterMs(): number | undefined {
    return this.problem.retry_after === undefined ? undefined : this.problem.retry_after * 1_000
  }
}

const isProblemBody = (body: unknown): body is Problem =>
  typeof body === 'object' &&
  body !== null &&
  'code' in body &&
  typeof body.code === 'string' &&
  'status' in body &&
  typeof body.status === 'number'

const foreignCodes: Readonly<Record<number, Problem['code']>> = { 413: 'payload_too_large', 429: 'rate_limited' }

/**
 * Of an answer that is no answer to a call. A proxy, a balancer or a portal cannot say that a token is not valid or a request
 * wrong: whatever else it says, the server could not be reached.
 */
export const problemOf = ({ status, headers }: Response, body: unknown): CairnProblem => {
  if (isProblemBody(body)) return new CairnProblem(body)
  const retryAfter = Number.parseInt(headers.get('retry-after') ?? '', 10)
  return new CairnProblem({
    type: foreignType,
    title: `Something other than the server answered, with status ${status}.`,
    status,
    code: foreignCodes[status] ?? 'unavailable',
    request_id: headers.get('x-request-id') ?? '',
    ...(Number.isNaN(retryAfter) ? {} : { retry_after: retryAfter }),
  })
}

/** Of an answer that says it is good and is not what was asked for, as a portal or a proxy may give. */
export const nonsenseAnswer = (): CairnProblem =>
  new CairnProblem({
    type: foreignType,
    title: 'The answer is none that the server gives.',
    status: 200,
    code: 'unavailable',
    request_id: '',
  })

/** Whether an error is a problem with this code. */
export const isProblem = (error: unknown, code: Problem['code']): error is CairnProblem =>
  error instanceof CairnProblem && error.code === code

/** The token that was shown is not taken, or not any more. Where it was the refresh token the session is over: only another sign-in helps. */
export const isTokenRefused = (error: unknown): boolean =>
  isProblem(error, 'token_invalid') || isProblem(error, 'token_expired')

/** The server's own word that it has not done what was asked for. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof CairnProblem && !error.isForeign && error.status < 500

/** A proxy may say anything, and a timer set for more than 24 days goes off at once. */
const longestRetryAfterMs = 3_600_000

/** An hour at most; 0 of what is no time. */
export const boundedRetryAfterMs = (ms: unknown): number =>
  typeof ms === 'number' && ms > 0 ? Math.min(ms, longestRetryAfterMs) : 0

/** Milliseconds the server wants to be left alone for, bounded; 0 when it did not say, or was not reached. */
export const retryAfterMsOf = (error: unknown): number =>
  error instanceof CairnProblem ? boundedRetryAfterMs(error.retryAfterMs) : 0
