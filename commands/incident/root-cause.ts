// Which of the errors that a request left behind is the cause of the others: a crash before anything else, then the error of
// the service that is furthest from the edge, then the earliest.
import type { LoggedError, LogRecord } from './log-record.ts'
import type { PlacedPart } from './place-parts.ts'

export interface RootCause {
  readonly service: string
  readonly name: string
  readonly message: string
  /** Of the error catalogue, of PostgreSQL or of Node. */
  readonly code: string | undefined
  /** Name of the SQL statement that failed, if one did. */
  readonly statement: string | undefined
  readonly stack: readonly string[]
  /** What the service was doing, as its log says it. */
  readonly while: string
  /** From the innermost to the outermost. */
  readonly wrapped_by: readonly string[]
}

interface Candidate {
  readonly record: LogRecord
  readonly service: string
  readonly depth: number
  readonly at: number
}

const chainOf = (error: LoggedError): LoggedError[] => {
  const chain = [error]
  for (let at = error; chain.length < 10; chain.push(at)) {
    const inner = at.cause ?? at.aggregateErrors?.[0]
    if (inner === undefined) break
    at = inner
  }
  return chain
}

const maxFrames = 8

/** The service's own frames, or all where none is. */
const framesOf = (stack = ''): string[] => {
  const frames = stack
    .split('\n')
    .map(line => line.trim().replace(/(?:file:\/\/)?\/[^()]*?\/((?:libs|services|deploy|node_modules)\/)/, '$1'))
    .filter(line => line.startsWith('at '))
  const own = frames.filter(frame => !/node_modules|node:internal|\(native\)/.test(frame))
  return (own.length > 0 ? own : frames).slice(0, maxFrames)
}

const first = <T>(values: readonly (T | undefined)[]): T | undefined => values.find(value => value !== undefined)

const describe = ({ record, service }: Candidate): RootCause => {
  const chain = chainOf(record.error ?? {})
  const innermost = chain.at(-1) ?? {}
  const inwards = chain.toReversed()
  const ownCode = typeof record['code'] === 'string' ? record['code'] : undefined
  return {
    service,
    name: innermost.type ?? 'Error',
    message: innermost.message ?? record.message,
    code: first([...inwards.map(one => one.code), ownCode]),
    statement: first(inwards.map(one => one.statement)),
    stack: framesOf(first(inwards.map(one => one.stack))),
    while: record.message,
    wrapped_by: inwards.slice(1).map(one => `${one.type ?? 'Error'}: ${one.message ?? ''}`),
  }
}

const rank = ({ record, depth }: Candidate): number => (record.level === 'fatal' ? 1_000 : depth)

export const findRootCause = (
  parts: readonly (PlacedPart & { readonly records: readonly LogRecord[] })[],
): RootCause | undefined => {
  const candidates = parts.flatMap(({ part, depth, skewMs, records }) =>
    records
      .filter(record => (record.level === 'error' || record.level === 'fatal') && record.error !== undefined)
      .map(record => ({ record, depth, service: part.service, at: Date.parse(record.time) + skewMs })),
  )
  const [cause] = candidates.toSorted((one, other) => rank(other) - rank(one) || one.at - other.at)
  return cause === undefined ? undefined : describe(cause)
}
