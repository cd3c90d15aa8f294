// What an OpenTelemetry collector would be sent, as JSON over HTTP, kept for a test to look at.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: number
  readonly service: string
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface Collector {
  readonly url: string
  readonly spans: readonly CollectedSpan[]
  /** Bodies of log records. */
  readonly logs: readonly string[]
  readonly metricNames: ReadonlySet<string>
  stop(): Promise<void>
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number }
}
interface Export {
  readonly resource: { readonly attributes: readonly Attribute[] }
  readonly scopeSpans?: readonly {
    readonly spans: readonly (Omit<CollectedSpan, 'attributes'> & { attributes: Attribute[] })[]
  }[]
  readonly scopeLogs?: readonly {
    readonly logRecords: readonly { readonly body: { readonly stringValue: string } }[]
  }[]
  readonly scopeMetrics?: readonly { readonly metrics: readonly { readonly name: string }[] }[]
}

const valuesOf = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]))

const spansOf = ({ resource, scopeSpans = [] }: Export): CollectedSpan[] => {
  const service = String(valuesOf(resource.attributes)['service.name'])
  return scopeSpans
    .flatMap(scope => scope.spans)
    .map(span => ({ ...span, links: span.links ?? [], service, attributes: valuesOf(span.attributes) }))
}

export const startCollector = async (): Promise<Collector> => {
  const spans: CollectedSpan[] = []
  const logs: string[] = []
  const metricNames = new Set<string>()
  const take = (part: Export): void => {
    spans.push(...spansOf(part))
    for (const { logRecords } of part.scopeLogs ?? []) logs.push(...logRecords.map(record => record.body.stringValue))
    for (const { metrics } of part.scopeMetrics ?? []) for (const { name } of metrics) metricNames.add(name)
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await json(request)) as Record<string, Export[]>
    for (const parts of Object.values(body)) parts.forEach(take)
    response.end('{}')
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, logs, metricNames, stop }
}
