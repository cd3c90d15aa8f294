// The OpenAPI document, made of the same routes and schemas that answer requests. Whatever it says differently from the committed
// `openapi.yaml` fails `npm run check`.
import { stringify } from 'yaml'
import { routes } from '../routes/index.ts'
import { componentHeaders, componentResponses } from './answers.ts'
import { componentSchemas, type JsonObject } from './components.ts'
import { componentParameters, documentPath, operationOf, probeOperations } from './operations.ts'

/** Of the contract: a change that breaks clients is a new major one. */
const version = '1.0.0'

const description = [
  'The HTTP API of Cairn, for mobile apps that people make progress in.',
  'Every answer has `x-request-id`, and every JSON answer `request_id`. Errors are `application/problem+json`: act on `code`. ' +
    'Every answer of 500 and above has an `incident_id`: with it, support finds the cause. Clients ignore fields they do not know.',
  'What is no request of one of these operations is answered by a problem too: 400 when it is no HTTP, 404 where there is nothing.',
].join('\n\n')

const tags = [
  { name: 'Sign-in', description: 'Getting, keeping and ending a session.' },
  { name: 'Account', description: 'The account, and where it is signed in.' },
  { name: 'Progress', description: 'The log of events, and everything that is derived from it.' },
  { name: 'Service', description: 'What machines ask.' },
]

type Paths = Readonly<Record<string, JsonObject>>
export type OpenapiDocument = JsonObject & { readonly paths: Paths }

const pathsOf = (): Paths => {
  const paths: Record<string, JsonObject> = { ...probeOperations }
  for (const [operationId, route] of Object.entries(routes)) {
    const path = documentPath(route)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(operationId, route) }
  }
  return Object.fromEntries(Object.entries(paths).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

export const buildDocument = (): OpenapiDocument => ({
  openapi: '3.1.1',
  info: {
    title: 'Cairn',
    version,
    summary: 'One true record of progress, on every device.',
    description,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/', description: 'The gateway that serves this document.' }],
  tags,
  paths: pathsOf(),
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token of a session.' },
    },
    parameters: componentParameters,
    headers: componentHeaders,
    responses: componentResponses(Object.values(routes)),
    schemas: componentSchemas(),
  },
})

/** Byte for byte the committed `openapi.yaml`. */
export const documentText = (): string =>
  `# Written by npm run check -- --write from the routes and schemas; a change by hand fails npm run check.\n${stringify(
    buildDocument(),
    // The older rules for plain texts: some readers still take a date for one.
    { schema: 'yaml-1.1', lineWidth: 120, aliasDuplicateObjects: false },
  )}`
