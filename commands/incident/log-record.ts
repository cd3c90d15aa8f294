// A log line as it was kept.
import type { IncidentPart } from '@cairn/contracts'

export interface LoggedError {
  readonly type?: string
  readonly message?: string
  readonly stack?: string
  readonly code?: string
  readonly statement?: string
  readonly cause?: LoggedError
  readonly aggregateErrors?: readonly LoggedError[]
}

export interface LogRecord {
  readonly time: string
  readonly level: string
  readonly message: string
  readonly trace_id?: string
  readonly error?: LoggedError
  readonly [field: string]: unknown
}

const parse = (line: string): LogRecord | undefined => {
  try {
    const value = JSON.parse(line) as LogRecord
    return typeof value.time === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** Lines that are in `seen` already came with another part: a crash hands over more than once. */
export const readRecords = (part: IncidentPart, seen: Set<string>): LogRecord[] =>
  part.records.flatMap(line => {
    const key = `${part.service} ${part.instance} ${line}`
    const record = seen.has(key) ? undefined : parse(line)
    seen.add(key)
    return record === undefined ? [] : [record]
  })
