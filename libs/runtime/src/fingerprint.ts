// The same for failures that have the same cause: what happened and where in the code, without ids, numbers and places that
// differ from one occurrence to the next.
import { createHash } from 'node:crypto'

export interface FailureKind {
  readonly service: string
  readonly code: string
  readonly route: string
  readonly error: unknown
}

/** Ids, numbers, addresses: whatever differs between two occurrences. */
const variable = /"[^"]*"|'[^']*'|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{12,}\b|\d+/gi
const maxCauses = 4

/** Of packages, and of Node itself: in one of those every statement of the database begins. */
const foreign = /node_modules|\bnode:/

const firstOwnFrame = (stack: string): string => {
  const frame = stack.split('\n').find(line => line.trimStart().startsWith('at ') && !foreign.test(line))
  return frame?.replace(/\(?(?:file:\/\/)?\/.*\/((?:libs|services|deploy)\/[^:)]+).*$/, '$1').trim() ?? ''
}

/** The innermost cause: the one that says what went wrong. */
export const rootCauseOf = (error: unknown): unknown => {
  let cause = error
  for (let depth = 0; depth < maxCauses && cause instanceof Error && cause.cause !== undefined; depth += 1) {
    cause = cause.cause
  }
  return cause instanceof AggregateError && cause.errors.length > 0 ? (cause.errors[0] as unknown) : cause
}

/** 12 hex digits. */
export const fingerprintOf = ({ service, code, route, error }: FailureKind): string => {
  const root = rootCauseOf(error)
  const about =
    root instanceof Error
      ? [root.name, root.message.replaceAll(variable, '?'), firstOwnFrame(root.stack ?? '')]
      : [String(root)]
  const text = [service, code, route, ...about].join('\n')
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
