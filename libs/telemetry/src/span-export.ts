// Cairn's spans as OpenTelemetry's. A span is handed over when it has ended, under the ids it had all along.
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type HrTime,
  type Link,
} from '@opentelemetry/api'
import type { RequestContext, SpanRecord, Telemetry, Trace } from '@cairn/runtime'
import type { GivenIds } from './given-ids.ts'

const kinds: Readonly<Record<SpanRecord['kind'], SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
}

/** Seconds and nanoseconds. */
const timeOf = (ms: number): HrTime => [Math.floor(ms / 1_000), Math.floor((ms % 1_000) * 1e6)]

export const contextOf = ({ traceId, flags, state }: Trace, spanId: string, isRemote: boolean): Context =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  })

const attributesOf = ({ requestId, userHash, incidentId }: RequestContext, { error, attributes }: SpanRecord) => ({
  ...attributes,
  'cairn.request_id': requestId,
  ...(userHash === undefined ? {} : { 'user.hash': userHash }),
  ...(incidentId === undefined ? {} : { 'incident.id': incidentId }),
  ...(error === undefined ? {} : { 'error.type': error }),
})

const linksOf = ({ links = [] }: SpanRecord): Link[] =>
  links.map(({ traceId, spanId }) => ({ context: { traceId, spanId, traceFlags: 1, isRemote: true } }))

export const spanExport = (ids: GivenIds): NonNullable<Telemetry['exportSpan']> => {
  const tracer = trace.getTracer('cairn')
  return (request, record) => {
    const { name, kind, span_id: spanId, parent_id: parentId, started_at: startedAt, ms, error } = record
    const { traceId } = request.trace
    const remote = kind === 'server' || kind === 'consumer'
    const parent = parentId === undefined ? ROOT_CONTEXT : contextOf(request.trace, parentId, remote)
    const options = {
      kind: kinds[kind],
      startTime: timeOf(startedAt),
      attributes: attributesOf(request, record),
      links: linksOf(record),
    }
    const span = ids.use({ traceId, spanId }, () => tracer.startSpan(name, options, parent))
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(timeOf(startedAt + ms))
  }
}

/** Whether the configured sampler takes a trace that begins here. */
export const samplesTrace = (ids: GivenIds): ((traceId: string) => boolean) => {
  const tracer = trace.getTracer('cairn')
  const spanId = 'f'.repeat(16)
  return traceId => {
    const span = ids.use({ traceId, spanId }, () => tracer.startSpan('sample', {}, ROOT_CONTEXT))
    return (span.spanContext().traceFlags & 1) === 1
  }
}
