// Every status an operation can answer with, and the headers of each: derived from what the route is, so that nobody has to
// remember them.
import { CairnError, errorKinds, problemOf, RequestId, type ErrorCode } from '@cairn/contracts'
import type { TSchema } from 'typebox'
import { answerSchema, type Route } from '../http/route.ts'
import { exampleOf, reference, schemaOf, type Json, type JsonObject } from './components.ts'

export const header = (name: string): JsonObject => ({ $ref: `#/components/headers/${name}` })
const headers = (...names: readonly string[]): JsonObject => Object.fromEntries(names.map(name => [name, header(name)]))

const limited = ['ratelimit', 'ratelimit-policy'] as const

const described = Object.entries({
  etag: ['The tag of this state, for `If-None-Match`.', 'W/"01J9Z3K8Q4-17-2026-03-14"'],
  ratelimit: ['What is left of each limit the request was counted by.', '"address";r=5999;t=60, "user";r=599;t=60'],
  'ratelimit-policy': ['Those limits: how many in how many seconds.', '"address";q=6000;w=60, "user";q=600;w=60'],
  'retry-after': ['Whole seconds to wait.', '37'],
  'www-authenticate': ['That a good bearer token is missing.', 'Bearer error="invalid_token"'],
  'x-incident-id': ['The id under which support finds the cause.', 'inc_01J9Z3K8Q4V6W8X0Y2Z4A6B8C0'],
  'x-request-id': ['The id of this request.', 'd2NGEV5f-cZUKLawqRq5Yw'],
})

/** Whether an answer always has it; tests hold answers against that. */
const headerOf = ([description = '', example = '']: readonly string[], required: boolean): JsonObject => ({
  description,
  required,
  example,
  schema: { type: 'string' },
})

const optionalName = (name: string): string => `optional-${name}`
export const optionalHeader = (name: string): JsonObject => header(optionalName(name))
const sometimesThere: ReadonlySet<string> = new Set([...limited, 'retry-after'])

export const componentHeaders: JsonObject = Object.fromEntries([
  ...described.map(([name, about]) => [name, headerOf(about, true)]),
  ...described
    .filter(([name]) => sometimesThere.has(name))
    .map(([name, about]) => [optionalName(name), headerOf(about, false)]),
])

/** Of requests that never arrive: nothing has counted them. */
const uncounted: ReadonlySet<number> = new Set([408, 431])

/** Connections too many, and requests that cannot be read or admitted, are refused before any limit is asked. */
const limitsOfProblem = (status: number): JsonObject =>
  uncounted.has(status) ? {} : Object.fromEntries(limited.map(name => [name, optionalHeader(name)]))

const headersOfProblem = (status: number): JsonObject => ({
  ...headers(
    'x-request-id',
    ...(status === 401 ? ['www-authenticate'] : []),
    ...(status === 429 || status === 503 ? ['retry-after'] : []),
    ...(status >= 500 ? ['x-incident-id'] : []),
  ),
  ...limitsOfProblem(status),
})

const exampleProblem = (code: ErrorCode): Json => {
  const { status } = errorKinds[code]
  const waits = status === 429 || status === 503 ? { retryAfterSeconds: status === 429 ? 37 : 1 } : {}
  const error = new CairnError(code, { ...waits, ...(status === 429 ? { violatedPolicies: ['user'] } : {}) })
  const incident = status >= 500 ? 'inc_01J9Z3K8Q4V6W8X0Y2Z4A6B8C0' : undefined
  return JSON.parse(JSON.stringify(problemOf(error, 'd2NGEV5f-cZUKLawqRq5Yw', incident))) as Json
}

/** One response for all codes that share a status. */
const problemResponse = (codes: readonly ErrorCode[]): JsonObject => {
  const status = errorKinds[codes[0] ?? 'internal'].status
  return {
    description: codes.map(code => `${errorKinds[code].title} (\`${code}\`).`).join(' '),
    headers: headersOfProblem(status),
    content: {
      'application/problem+json': {
        schema: reference('Problem'),
        examples: Object.fromEntries(codes.map(code => [code, { value: exampleProblem(code) }])),
      },
    },
  }
}

const nameOf = (codes: readonly ErrorCode[]): string =>
  codes.map(code => code.replaceAll(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase())).join('Or')

const groupsOf = (codes: readonly ErrorCode[]): Map<number, ErrorCode[]> =>
  Map.groupBy(codes.toSorted(), code => errorKinds[code].status)

export const problemResponses = (codes: readonly ErrorCode[]): JsonObject =>
  Object.fromEntries(
    [...groupsOf(codes)].map(([status, shared]) => [status, { $ref: `#/components/responses/${nameOf(shared)}` }]),
  )

/** Every group of codes that some operation answers with under one status. */
export const componentResponses = (listed: Iterable<Route>): JsonObject => {
  const groups = [...listed].flatMap(route => [...groupsOf(codesOf(route)).values()])
  const byName = new Map(groups.map(codes => [nameOf(codes), problemResponse(codes)]))
  return Object.fromEntries([...byName].toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** Of every route whatsoever: the request never gets as far as the route. */
export const codesBeforeRoutes = ['invalid_request', 'request_timeout', 'headers_too_large', 'unavailable'] as const

const codesOf = ({ method, access, refusals = [] }: Route): ErrorCode[] => {
  const codes = new Set<ErrorCode>([...codesBeforeRoutes, ...refusals])
  if (access !== 'open') for (const code of ['token_expired', 'token_invalid'] as const) codes.add(code)
  if (method !== 'GET') for (const code of ['payload_too_large', 'unsupported_media_type'] as const) codes.add(code)
  for (const code of ['rate_limited', 'internal'] as const) codes.add(code)
  return [...codes]
}

const withRequestId = { type: 'object', required: ['request_id'], properties: { request_id: schemaOf(RequestId) } }

/** The named schema and the id of the request, where the answer is those two. */
const answerReference = (route: Route, schema: TSchema): JsonObject => {
  const whole = schemaOf(schema)
  const reply = schemaOf(route.answered ?? route.operation.reply)
  return reply['$ref'] === undefined || whole['$ref'] !== undefined ? whole : { allOf: [reply, withRequestId] }
}

const successResponses = (route: Route): JsonObject => {
  const told = headers('x-request-id', ...limited, ...(route.entityTag === true ? ['etag'] : []))
  const schema = answerSchema(route)
  if (schema === undefined) return { 204: { description: 'Done.', headers: told } }
  const content = { 'application/json': { schema: answerReference(route, schema), example: exampleOf(schema) } }
  const unchanged = { description: 'Nothing has changed since the tag in `If-None-Match`.', headers: told }
  return {
    200: { description: 'Done.', headers: told, content },
    ...(route.entityTag === true ? { 304: unchanged } : {}),
  }
}

/** By status, in ascending order. */
export const responsesOf = (route: Route): JsonObject => {
  const all = { ...successResponses(route), ...problemResponses(codesOf(route)) }
  return Object.fromEntries(Object.entries(all).toSorted(([one], [other]) => Number(one) - Number(other)))
}
