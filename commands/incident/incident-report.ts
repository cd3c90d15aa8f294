// An incident put together from its parts: what went wrong first, then everything in one order of time.
import { timeOfIncident, type IncidentPart, type IncidentSpan } from '@cairn/contracts'
import { findRootCause, type RootCause } from './root-cause.ts'
import { depthsOf, skewOf, type PlacedPart } from './place-parts.ts'
import { readRecords, type LogRecord } from './log-record.ts'

export interface TimelineEntry {
  /** Milliseconds since the first thing that is known. */
  readonly offsetMs: number
  readonly service: string
  readonly level: string
  readonly message: string
  /** Everything else in the record. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface WaterfallBar {
  readonly offsetMs: number
  readonly ms: number
  readonly depth: number
  readonly service: string
  readonly name: string
  readonly error: string | undefined
}

export interface RequestLine {
  readonly request_id: string
  readonly trace_id: string | undefined
  readonly route: string
  readonly status: number | undefined
  readonly ms: number | undefined
  readonly user_hash: string | undefined
  readonly versions: Readonly<Record<string, string>>
}

export interface IncidentReport {
  readonly incident_id: string
  readonly opened_at: string
  readonly code: string
  readonly cause: RootCause | undefined
  readonly request: RequestLine
  /** How many failures share it, and whether they are of any kind. */
  readonly failures: number
  readonly overflow: boolean
  readonly fingerprint: string
  readonly timeline: readonly TimelineEntry[]
  readonly waterfall: readonly WaterfallBar[]
  readonly dropped_records: number
  /** Incidents of the same requests that other services opened. */
  readonly related: readonly string[]
}

interface Placed extends PlacedPart {
  readonly records: readonly LogRecord[]
}

const shown = new Set(['time', 'level', 'message', 'service', 'request_id', 'trace_id', 'user_hash'])

const fieldsOf = (record: LogRecord): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !shown.has(name)))

const timelineOf = (parts: readonly Placed[], startedAt: number): TimelineEntry[] =>
  parts
    .flatMap(({ part, records, skewMs }) =>
      records.map(record => ({
        offsetMs: Date.parse(record.time) + skewMs - startedAt,
        service: part.service,
        level: record.level,
        message: record.message,
        fields: fieldsOf(record),
      })),
    )
    .toSorted((one, other) => one.offsetMs - other.offsetMs)

/** Parents before their children, children by their start. */
const waterfallOf = (parts: readonly Placed[], startedAt: number): WaterfallBar[] => {
  const spans = parts.flatMap(({ part, skewMs }) => part.spans.map(span => ({ span, skewMs, service: part.service })))
  const known = new Set(spans.map(({ span }) => span.span_id))
  const children = Map.groupBy(spans, ({ span }) => (known.has(span.parent_id ?? '') ? span.parent_id : undefined))
  const walk = (parentId: string | undefined, depth: number): WaterfallBar[] =>
    (children.get(parentId) ?? [])
      .toSorted((one, other) => one.span.started_at + one.skewMs - other.span.started_at - other.skewMs)
      .flatMap(({ span, skewMs, service }) => {
        const { name, ms, error } = span
        const bar = { offsetMs: span.started_at + skewMs - startedAt, ms, depth, service, name, error }
        return [bar, ...(depth < 50 ? walk(span.span_id, depth + 1) : [])]
      })
  return walk(undefined, 0)
}

const startOf = (parts: readonly Placed[]): number => {
  const times = parts.flatMap(({ part, records, skewMs }) => [
    ...records.map(record => Date.parse(record.time) + skewMs),
    ...part.spans.map((span: IncidentSpan) => span.started_at + skewMs),
  ])
  return times.length === 0 ? Number.NaN : times.reduce((least, time) => Math.min(least, time))
}

/** What an edge says last of a request, whether or not anybody was there for the answer. */
const lastWords: readonly string[] = ['answered', 'not answered: the connection ended']

const requestLineOf = (parts: readonly Placed[], edge: IncidentPart): RequestLine => {
  const records = parts.flatMap(one => one.records)
  const answered = records.find(({ message }) => lastWords.includes(message))
  const status = answered?.['status']
  const ms = answered?.['ms']
  return {
    request_id: edge.request_id,
    trace_id: records.find(record => record.trace_id !== undefined)?.trace_id,
    route: edge.opening?.route ?? 'unknown',
    status: typeof status === 'number' ? status : undefined,
    ms: typeof ms === 'number' ? ms : undefined,
    user_hash: edge.user_hash ?? parts.find(({ part }) => part.user_hash !== undefined)?.part.user_hash,
    versions: Object.fromEntries(parts.map(({ part }) => [part.service, part.version])),
  }
}

/** `parts` hold at least one of the incident itself; those of other incidents happened to the same requests. */
export const buildReport = (incidentId: string, parts: readonly IncidentPart[]): IncidentReport | undefined => {
  const own = parts.filter(part => part.incident_id === incidentId)
  const edge = own.find(part => part.opening !== undefined) ?? own[0]
  if (edge === undefined) return undefined
  const depths = depthsOf(parts)
  const skews = skewOf(parts)
  const seen = new Set<string>()
  const placed: Placed[] = parts.map(part => {
    const records = readRecords(part, seen)
    return { part, records, depth: depths.get(part) ?? 0, skewMs: skews.get(part) ?? 0 }
  })
  const startedAt = startOf(placed)
  return {
    incident_id: incidentId,
    opened_at: new Date(timeOfIncident(incidentId)).toISOString(),
    code: edge.opening?.code ?? 'unknown',
    cause: findRootCause(placed),
    request: requestLineOf(placed, edge),
    failures: edge.opening?.failures ?? 1,
    overflow: edge.opening?.overflow ?? false,
    fingerprint: edge.opening?.fingerprint ?? 'unknown',
    timeline: timelineOf(placed, startedAt),
    waterfall: waterfallOf(placed, startedAt),
    dropped_records: parts.reduce((sum, part) => sum + part.dropped_records, 0),
    related: [...new Set(parts.map(part => part.incident_id))].filter(id => id !== incidentId),
  }
}
