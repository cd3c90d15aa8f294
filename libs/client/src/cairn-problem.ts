// Every error answer of the server, as one error class: `code` says what to do, `requestId` and `incidentId` whom to ask.
import type { Problem } from '@cairn/contracts'

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

  /** Milliseconds to wait before trying again, where the server said so. */
  get retryAfterMs(): number | undefined {
    return this.problem.retry_after === undefined ? undefined : this.problem.retry_after * 1_000
  }
}

/** Whether an error is a problem with this code. */
export const isProblem = (error: unknown, code: Problem['code']): error is CairnProblem =>
  error instanceof CairnProblem && error.code === code

/** The session has ended: only another sign-in helps. */
export const isSessionOver = (error: unknown): boolean =>
  isProblem(error, 'token_invalid') || isProblem(error, 'token_expired')
