// A piece of work that took time, within the trace of its request: kept by the flight recorder, so that an incident has its
// waterfall with no collector anywhere.
import { randomHex } from './random-text.ts'
import type { FlightRecorder } from './flight-recorder.ts'
import { currentRequest, type RequestContext } from './request-context.ts'

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal'
export type SpanAttributes = Readonly<Record<string, string | number>>

export interface SpanRecord {
  readonly name: string
  readonly kind: SpanKind
  readonly span_id: string
  readonly parent_id: string | undefined
  /** Milliseconds since 1970, with fractions. */
  readonly started_at: number
  readonly ms: number
  /** An error code, when it failed. */
  readonly error: string | undefined
  readonly attributes: SpanAttributes | undefined
  /** Work that this one goes back to without being its child: fanned in, or handed out again. */
  readonly links?: readonly SpanLink[] | undefined
  /** An instrumentation exports it by itself; it is for the recorder alone. */
  readonly exported?: boolean
}

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
}

export interface SpanStart {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes?: SpanAttributes
  readonly links?: readonly SpanLink[] | undefined
  readonly exported?: boolean
}

export interface Span {
  readonly spanId: string
  /** Once; `error` is the code of what went wrong, if anything did. */
  end(error?: string): void
}

const startOf = (startedAt: number): number => performance.timeOrigin + startedAt

/** Starts a child of the current request's own span; undefined where there is no request. */
export const startSpan = (recorder: FlightRecorder, start: SpanStart): Span | undefined => {
  const request = currentRequest()
  if (request === undefined || !recorder.takesSpans) return undefined
  const spanId = randomHex(8)
  const startedAt = performance.now()
  const end = (error?: string): void =>
    recorder.recordSpan(request, {
      name: start.name,
      kind: start.kind,
      span_id: spanId,
      parent_id: request.trace.spanId,
      started_at: startOf(startedAt),
      ms: performance.now() - startedAt,
      error,
      attributes: start.attributes,
      links: start.links,
      exported: start.exported ?? false,
    })
  return { spanId, end }
}

/** The request's own span, the one that `request.trace.spanId` names; `startedAt` in milliseconds of `performance.now()`. */
export const endRequestSpan = (
  recorder: FlightRecorder,
  request: RequestContext,
  span: SpanStart & { readonly startedAt: number; readonly error?: string | undefined },
): void =>
  recorder.recordSpan(request, {
    name: span.name,
    kind: span.kind,
    span_id: request.trace.spanId,
    parent_id: request.trace.parentId,
    started_at: startOf(span.startedAt),
    ms: performance.now() - span.startedAt,
    error: span.error,
    attributes: span.attributes,
    links: span.links,
  })
