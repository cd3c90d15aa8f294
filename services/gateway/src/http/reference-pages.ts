// The API reference at `/docs`, from the same text as `openapi.yaml`, and everything it needs served from here: it works without
// any other host, and its policy allows for none.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { documentText } from '../openapi/document.ts'

interface Page {
  readonly type: string
  readonly content: string
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI sets styles on elements.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Cairn: API reference</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <main id="reference"></main>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

const start = `SwaggerUIBundle({ url: '/openapi.yaml', dom_id: '#reference', deepLinking: true, validatorUrl: null })\n`

const read = (location: string): string => readFileSync(fileURLToPath(location), 'utf8')

const pages = (): Readonly<Record<string, Page>> => ({
  '/docs': { type: 'text/html; charset=utf-8', content: page },
  '/docs/start.js': { type: 'text/javascript; charset=utf-8', content: start },
  '/docs/swagger-ui.css': {
    type: 'text/css; charset=utf-8',
    content: read(import.meta.resolve('swagger-ui-dist/swagger-ui.css')),
  },
  '/docs/swagger-ui-bundle.js': {
    type: 'text/javascript; charset=utf-8',
    content: read(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js')),
  },
  '/openapi.yaml': { type: 'application/yaml', content: documentText() },
})

/** Registered before routes have to be documented: these are about the API, and no part of it. */
export const registerReferencePages = (server: FastifyInstance): void => {
  for (const [url, { type, content }] of Object.entries(pages())) {
    server.get(url, (_request, reply) =>
      reply
        .headers({ 'content-security-policy': policy, 'cache-control': 'public, max-age=3600' })
        .type(type)
        .send(content),
    )
  }
}
