// Fastify with one POST route that checks a body's schema and answers a body it was given: what HTTP alone costs. Run by
// the benchmarks as a process of its own, with PORT and ANSWER.
import Fastify from 'fastify'

const answer = JSON.parse(process.env['ANSWER'] ?? '{}') as object
const body = {
  type: 'object',
  additionalProperties: false,
  required: ['refresh_token'],
  properties: { refresh_token: { type: 'string', minLength: 1, maxLength: 1_024 } },
} as const

const server = Fastify()
server.get('/readyz', async () => ({ ready: true }))
server.post('/api/v1/auth/refresh', { schema: { body } }, async () => answer)
process.on('SIGTERM', () => void server.close())
await server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
