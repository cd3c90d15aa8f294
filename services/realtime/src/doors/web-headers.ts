// What browsers are told with every answer. A web page of a listed origin may read what it is answered, refusals and their ids too.
import type { IncomingMessage } from 'node:http'
import { header } from '@cairn/contracts'
import { securityHeaders } from '@cairn/edge'

const exposedHeaders = ['retry-after', 'www-authenticate', header.incidentId, header.requestId]
const requestHeaders = ['authorization', 'content-type', header.requestId, header.traceparent, header.tracestate]
const preflightSeconds = 600

type Headers = Readonly<Record<string, string>>

/** `request` is undefined when what came was none. */
export const webHeaders = (request: IncomingMessage | undefined, allowedOrigins: readonly string[]): Headers => {
  const origin = request?.headers.origin
  const headers = { ...securityHeaders, vary: 'Origin' }
  if (origin === undefined || !allowedOrigins.includes(origin)) return headers
  return {
    ...headers,
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposedHeaders.join(', '),
  }
}

/** What a page may send; undefined when the request is no preflight of a page that may ask. */
export const preflightHeaders = (
  { method, headers }: IncomingMessage,
  allowedOrigins: readonly string[],
): Headers | undefined => {
  const asks = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
  if (!asks || !allowedOrigins.includes(headers.origin ?? '')) return undefined
  return {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': requestHeaders.join(', '),
    'access-control-max-age': String(preflightSeconds),
  }
}
