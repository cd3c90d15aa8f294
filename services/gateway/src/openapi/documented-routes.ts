// No route without an entry in the document: registering one fails, so it cannot even start.
import type { FastifyInstance } from 'fastify'
import { buildDocument, type OpenapiDocument } from './document.ts'

const entriesOf = ({ paths }: OpenapiDocument): string[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )

/** HEAD says what GET would, by HTTP's own rules; preflights are the browser's, not the API's. */
const undocumented = new Set(['HEAD', 'OPTIONS'])

/** For routes registered from now on. */
export const requireDocumentedRoutes = (server: FastifyInstance): void => {
  const documented = new Set(entriesOf(buildDocument()))
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      const entry = `${one} ${url}`
      if (!undocumented.has(one) && !documented.has(entry)) throw new Error(`${entry} is not in the OpenAPI document`)
    }
  })
}
