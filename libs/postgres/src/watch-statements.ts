// Each statement as a span of its request, by its name; and where it fails its name on the error, and that of the database where
// the connection failed. pg has no hook for this, so the connection's own `query` is replaced, in all its forms.
import { startSpan, type FlightRecorder, type Span } from '@cairn/runtime'
import type pg from 'pg'
import type { ConnectionFailures } from './connection-failures.ts'
import { StatementBatch, type StatementWatcher } from './statement-batch.ts'

/** By OpenTelemetry's names: https://opentelemetry.io/docs/specs/semconv/database/ */
const attributes = { 'db.system.name': 'postgresql' }

const firstWord = /^\s*(\w+)/

/** Of a prepared statement its name; of any other its verb, never its text. */
const nameOf = (statement: unknown): string => {
  if (typeof statement === 'string') return firstWord.exec(statement)?.[1] ?? 'statement'
  if (typeof statement !== 'object' || statement === null) return 'statement'
  const { name, text } = statement as { name?: unknown; text?: unknown }
  return typeof name === 'string' ? name : nameOf(text)
}

const failedWith = (error: unknown, span: Span | undefined, statement: string): void => {
  span?.end((error as { code?: string }).code ?? 'failed')
  if (error instanceof Error) Object.assign(error, { statement })
}

type AnyQuery = (...args: unknown[]) => unknown

export interface StatementWatch {
  /** Left out, there are no spans. */
  readonly recorder: FlightRecorder | undefined
  readonly failures: ConnectionFailures
}

/** For a pool's `connect` event. */
export const watchStatements = (client: pg.PoolClient, { recorder, failures }: StatementWatch): void => {
  const query = client.query.bind(client) as AnyQuery
  const watcherOf = (statement: string, exported: boolean): StatementWatcher => {
    const span = recorder && startSpan(recorder, { name: statement, kind: 'client', attributes, exported })
    return {
      ended(outcome) {
        span?.end(outcome)
      },
      failed(error) {
        failedWith(error, span, statement)
        return failures.ofStatement(error)
      },
    }
  }
  const watched: AnyQuery = (...args) => {
    if (args[0] instanceof StatementBatch) {
      // No instrumentation tells of these.
      args[0].watch(statement => watcherOf(statement, false))
      return query(...args)
    }
    const watcher = watcherOf(nameOf(args[0]), true)
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      const told = (error: unknown, result: unknown): void => {
        if (error === undefined || error === null) {
          watcher.ended()
          ;(callback as AnyQuery)(error, result)
        } else (callback as AnyQuery)(watcher.failed(error), result)
      }
      return query(...args.slice(0, -1), told)
    }
    const answer = query(...args)
    if (!(answer instanceof Promise)) return answer
    return answer.then(
      (result: unknown) => {
        watcher.ended()
        return result
      },
      (error: unknown) => {
        throw watcher.failed(error)
      },
    )
  }
  client.query = watched as typeof client.query
}
