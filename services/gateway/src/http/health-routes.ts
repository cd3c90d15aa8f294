// `/healthz` and `/readyz` at the root of the public port: for load balancers that see nothing but it.
import { currentRequest } from '@cairn/runtime'
import type { FastifyInstance } from 'fastify'
import type { GatewayContext } from '../context.ts'

export const registerHealthRoutes = (server: FastifyInstance, { health }: GatewayContext): void => {
  server.get('/healthz', async () => ({ status: 'ok', request_id: currentRequest()?.requestId }))
  server.get('/readyz', async (_request, reply) => {
    const report = health.report()
    reply.code(report.ready ? 200 : 503).header('cache-control', 'no-store')
    return { ...report, request_id: currentRequest()?.requestId }
  })
}
