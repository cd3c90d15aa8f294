// Each statement as a span of its request, by its name; and its name on the error, where it fails. pg has no hook for this, so
// the connection's own `query` is replaced, in all its forms.
import { startSpan, type FlightRecorder, type Span } from '@cairn/runtime'
import type pg from 'pg'

const firstWord = /^\s*(\w+)/

/** Of a prepared statement its name; of any other its verb, never its text. */
const nameOf = (statement: unknown): string => {
  if (typeof statement === 'string') return firstWord.exec(statement)?.[1] ?? 'statement'
  if (typeof statement !== 'object' || statement === null) return 'statement'
  const { name, text } = statement as { name?: unknown; text?: unknown }
  return typeof name === 'string' ? name : nameOf(text)
}

const ended = (span: Span | undefined, statement: string, error: unknown): void => {
  if (error === undefined || error === null) span?.end()
  else {
    span?.end((error as { code?: string }).code ?? 'failed')
    if (error instanceof Error) Object.assign(error, { statement })
  }
}

type AnyQuery = (...args: unknown[]) => unknown

/** For a pool's `connect` event. */
export const recordStatements = (client: pg.PoolClient, recorder: FlightRecorder): void => {
  const query = client.query.bind(client) as AnyQuery
  const recorded: AnyQuery = (...args) => {
    const statement = nameOf(args[0])
    const span = startSpan(recorder, { name: statement, kind: 'client', exported: true })
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      const told = (error: unknown, result: unknown): void => {
        ended(span, statement, error)
        ;(callback as AnyQuery)(error, result)
      }
      return query(...args.slice(0, -1), told)
    }
    const answer = query(...args)
    if (!(answer instanceof Promise)) return answer
    return answer.then(
      (result: unknown) => {
        ended(span, statement, undefined)
        return result
      },
      (error: unknown) => {
        ended(span, statement, error)
        throw error
      },
    )
  }
  client.query = recorded as typeof client.query
}
