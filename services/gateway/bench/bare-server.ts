// Fastify with one POST route that checks a body's schema and answers a body it was given: what HTTP alone costs. Run by
// the benchmarks as a process of its own, with PORT, ROUTE, the body's schema in BODY and the answer in ANSWER.
import Fastify from 'fastify'

const fromEnvironment = (name: string): object => JSON.parse(process.env[name] ?? '{}') as object

const answer = fromEnvironment('ANSWER')
const server = Fastify()
server.get('/readyz', async () => ({ ready: true }))
server.post(process.env['ROUTE'] ?? '/', { schema: { body: fromEnvironment('BODY') } }, async () => answer)
process.on('SIGTERM', () => void server.close())
await server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
