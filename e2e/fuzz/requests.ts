// Requests as nobody should send them: every operation of `openapi.yaml` with its own examples, and with parts of them swapped for
// whatever else there is.
import { buildDocument } from '@cairn/gateway/openapi'
import fc from 'fast-check'

type Json = unknown
type Fields = Readonly<Record<string, Json>>

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly schema: { readonly examples?: readonly Json[] }
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** Undefined when it takes none. */
  readonly body: Json
}

export interface FuzzRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** Whether it goes out with the access token of somebody who exists. */
  readonly authorised: boolean
}

const operations = (): Operation[] =>
  Object.entries(buildDocument().paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { parameters?: object[]; requestBody?: object }>).map(
      ([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        parameters: parameters.filter((one): one is Parameter => 'in' in one),
        body: (requestBody as { content: Record<string, { example: Json }> } | undefined)?.content['application/json']
          ?.example,
      }),
    ),
  )

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    '1e400',
    '9'.repeat(40),
    'NaN',
    '\u0000',
    '\ud800',
    '../../etc/passwd',
    "' OR 1=1 --",
    '%00',
    '{{7*7}}',
    'x'.repeat(3_000),
    '2026-02-30',
    '2026-03-14T09:26:53.589Z',
    'Europe/Berlin',
  ),
)
const oddValue: fc.Arbitrary<Json> = fc.oneof(
  oddText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<Json>(null, true, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], [{}]),
)

/** Some fields swapped, some gone, some too many; now and then something else altogether. */
const mutated = (example: Json): fc.Arbitrary<Json> => {
  if (typeof example !== 'object' || example === null || Array.isArray(example)) {
    const inside = Array.isArray(example) ? fc.array(mutated(example[0]), { maxLength: 5 }) : fc.constant(example)
    return fc.oneof({ weight: 3, arbitrary: inside }, { weight: 1, arbitrary: oddValue })
  }
  const fields = Object.entries(example as Fields)
  const parts = Object.fromEntries(
    fields.map(([name, value]) => [
      name,
      fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, { weight: 2, arbitrary: mutated(value) }),
    ]),
  )
  const more = fc.dictionary(
    fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('__proto__', 'constructor')),
    oddValue,
    {
      maxKeys: 1,
    },
  )
  const whole = fc
    .tuple(fc.record(parts, { requiredKeys: [] }), fc.option(more, { freq: 5 }))
    .map(([own, extra]) => ({ ...own, ...extra }))
  return fc.oneof({ weight: 12, arbitrary: whole }, { weight: 1, arbitrary: oddValue })
}

const bodyText = (example: Json): fc.Arbitrary<string | undefined> => {
  const json = mutated(example ?? {}).map(value => JSON.stringify(value))
  const cut = json.chain(text => fc.nat({ max: text.length }).map(at => text.slice(0, at)))
  return fc.oneof(
    { weight: 10, arbitrary: json },
    { weight: 1, arbitrary: cut },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.constant('['.repeat(5_000)) },
    { weight: example === undefined ? 12 : 1, arbitrary: fc.constant(undefined) },
  )
}

const parameterText = ({ schema: { examples = [''] } }: Parameter): fc.Arbitrary<string> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(String(examples[0])) }, { weight: 2, arbitrary: oddText })

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())

const target = ({ path, parameters }: Operation): fc.Arbitrary<string> => {
  const values = fc.record(Object.fromEntries(parameters.map(one => [one.name, parameterText(one)])))
  const kept = fc.subarray(parameters.filter(one => one.in === 'query'))
  const odd = fc.option(fc.tuple(oddText, oddText), { freq: 6 })
  return fc.tuple(values, kept, odd).map(([given, query, extra]) => {
    const own = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => encoded(given[name] ?? '') || '%20')
    const pairs = [...query.map(({ name }) => [name, given[name] ?? ''] as const), ...(extra === null ? [] : [extra])]
    return pairs.length === 0 ? own : `${own}?${pairs.map(pair => pair.map(encoded).join('=')).join('&')}`
  })
}

const headerValue = fc.oneof(
  fc.constantFrom(
    '',
    '*',
    'W/"x"',
    '"',
    'Bearer',
    'Bearer a.b.c',
    'null',
    'x'.repeat(9_000),
    '00-0-0-00',
    'gzip',
    '1.2.3.4',
  ),
  fc.string({ maxLength: 60 }).map(text => text.replaceAll(/[^\u0020-\u007E]/g, '')),
)
const headerName = fc.constantFrom(
  'authorization',
  'if-none-match',
  'origin',
  'traceparent',
  'tracestate',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-cairn-user-id',
  'accept',
  'accept-encoding',
  'range',
  'cookie',
  'expect',
)
const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('application/json; charset=utf-16', 'text/plain', 'application/xml', '', '/'),
  },
)

/** Any request over the whole document. */
export const fuzzRequest: fc.Arbitrary<FuzzRequest> = fc.constantFrom(...operations()).chain(operation =>
  fc
    .record({
      path: target(operation),
      body: operation.method === 'GET' ? fc.constant(undefined) : bodyText(operation.body),
      headers: fc.dictionary(headerName, headerValue, { maxKeys: 2 }),
      type: contentType,
      authorised: fc.integer({ min: 0, max: 3 }).map(one => one > 0),
    })
    .map(({ type, headers, ...rest }) => ({
      ...rest,
      method: operation.method,
      headers: rest.body === undefined ? headers : { ...headers, 'content-type': type },
    })),
)

const line = fc.oneof(
  fc.constantFrom(
    'GET / HTTP/1.1',
    'POST /api/v1/auth/guest HTTP/1.1',
    'GET /api/v1/me HTTP/1.0',
    'get / http/1.1',
    'GET //../..//etc HTTP/1.1',
    'GET /%zz HTTP/1.1',
    'GET http://evil/ HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    'GET / HTTP/3',
    'host: x',
    'host: y',
    'content-length: 5',
    'content-length: -1',
    'transfer-encoding: chunked',
    'transfer-encoding: chunked, gzip',
    'upgrade: h2c',
    'connection: upgrade, close',
    'expect: 100-continue',
    'content-type: application/json',
    ' folded',
    ': nameless',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
)

/** Bytes for the socket itself. */
export const fuzzBytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .tuple(fc.array(line, { minLength: 1, maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 50 }))
    .map(([lines, rest]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${rest}`, 'latin1')),
  fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
)
