// One operation of the document for each route, and for the two probes, which no owner answers.
import { Type, type TSchema } from 'typebox'
import { RequestId } from '@cairn/contracts'
import { urlOf, type Route } from '../http/route.ts'
import { codesBeforeRoutes, header, optionalHeader, problemResponses, responsesOf } from './answers.ts'
import { exampleOf, reference, schemaOf, type JsonObject } from './components.ts'

/** `/tracks/:track_id` as the document writes it. */
export const documentPath = (route: Route): string => urlOf(route).replaceAll(/:(\w+)/g, '{$1}')

const parametersIn = (place: 'path' | 'query', schema: TSchema | undefined): JsonObject[] => {
  if (schema === undefined) return []
  const { properties, required = [] } = schema as { properties: Record<string, TSchema>; required?: string[] }
  return Object.entries(properties).map(([name, part]) => {
    const { description = '', ...rest } = schemaOf(part)
    return { name, in: place, required: required.includes(name), description, schema: rest }
  })
}

const headerParameter = (name: string): JsonObject => ({ $ref: `#/components/parameters/${name}` })

export const componentParameters: JsonObject = Object.fromEntries(
  Object.entries({
    'if-none-match': ['Tags the client has the state of.', 'W/"01J9Z3K8Q4-17-2026-03-14"'],
    traceparent: ['W3C Trace Context, continued.', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    tracestate: ['W3C Trace Context, continued.', 'vendor=value'],
    'x-request-id': ['An id of the client, which is noted in the log.', 'phone-7f3a9c21'],
  }).map(([name, [description = '', example = '']]) => [
    name,
    { name, in: 'header', required: false, description, example, schema: { type: 'string' } },
  ]),
)

const securityOf = ({ access }: Route): JsonObject[] => {
  if (access === 'open') return []
  return access === 'bearer' ? [{ bearer: [] }] : [{}, { bearer: [] }]
}

const bodyOf = ({ body, bodyOptional }: Route): JsonObject =>
  body === undefined
    ? {}
    : {
        requestBody: {
          required: bodyOptional !== true,
          content: { 'application/json': { schema: schemaOf(body), example: exampleOf(body) } },
        },
      }

export const operationOf = (operationId: string, route: Route): JsonObject => ({
  operationId,
  tags: [route.about.tag],
  summary: route.about.summary,
  description: route.about.description,
  security: securityOf(route),
  parameters: [
    ...parametersIn('path', route.params),
    ...parametersIn('query', route.query),
    ...(route.entityTag === true ? [headerParameter('if-none-match')] : []),
    ...['traceparent', 'tracestate', 'x-request-id'].map(headerParameter),
  ],
  ...bodyOf(route),
  responses: responsesOf(route),
})

const Alive = Type.Object({
  status: Type.Literal('ok', { description: 'The process answers.', examples: ['ok'] }),
  request_id: RequestId,
})
const flags = (description: string, example: Record<string, boolean>) =>
  Type.Record(Type.String(), Type.Boolean(), { description, examples: [example] })
const Ready = Type.Object({
  ready: Type.Boolean({ description: 'It can serve.', examples: [true] }),
  draining: Type.Boolean({ description: 'It is shutting down.', examples: [false] }),
  checks: flags('What it needs in order to serve.', { bus: true, tokens: true }),
  dependencies: flags('What it can do without for a while.', { redis: true, auth: true, progress: true }),
  request_id: RequestId,
})
const NotReady = Type.Object({
  incident_id: Type.String({ description: 'As in `x-incident-id`.', examples: ['inc_01J9Z3K8Q4V6W8X0Y2Z4A6B8C0'] }),
  ...Ready.properties,
})

const ids = { 'x-request-id': header('x-request-id') }
const incident = { ...ids, 'x-incident-id': header('x-incident-id'), 'retry-after': optionalHeader('retry-after') }
const json = (schema: TSchema): JsonObject => ({
  'application/json': { schema: schemaOf(schema), example: exampleOf(schema) },
})

/** For load balancers. A process that shuts down, or has too much to do, may answer a problem instead. */
export const probeOperations: Readonly<Record<string, JsonObject>> = {
  '/healthz': {
    get: {
      operationId: 'readHealth',
      tags: ['Service'],
      summary: 'Whether the process answers',
      description: 'Asks for nothing but an answer.',
      security: [],
      responses: {
        200: { description: 'It does.', headers: ids, content: json(Alive) },
        ...problemResponses(codesBeforeRoutes),
      },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readReadiness',
      tags: ['Service'],
      summary: 'Whether it can serve',
      description: 'Whether requests should be sent here. Owners and Redis are told of and do not count.',
      security: [],
      responses: {
        200: { description: 'It can.', headers: ids, content: json(Ready) },
        ...problemResponses(codesBeforeRoutes),
        503: {
          description: 'It cannot, now.',
          headers: incident,
          content: { ...json(NotReady), 'application/problem+json': { schema: reference('Problem') } },
        },
      },
    },
  },
}
