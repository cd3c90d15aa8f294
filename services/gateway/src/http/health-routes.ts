// `/healthz` and `/readyz` at the root of the public port: for load balancers that see nothing but it.
import { header } from '@cairn/contracts'
import { currentRequest, type HealthReport } from '@cairn/runtime'
import type { FastifyInstance } from 'fastify'
import type { GatewayContext } from '../context.ts'

const whyNotReady = ({ draining, checks }: HealthReport): Error => {
  const failed = Object.keys(checks).filter(name => checks[name] === false)
  return new Error(`not ready: ${[...failed, ...(draining ? ['draining'] : [])].join(', ')}`)
}

/** What many monitors ask with. */
const alsoHead = { exposeHeadRoute: true }

export const registerHealthRoutes = (server: FastifyInstance, { health, incidents }: GatewayContext): void => {
  server.get('/healthz', alsoHead, async () => ({ status: 'ok', request_id: currentRequest()?.requestId }))
  /** One for all probes since the server was last ready: an outage's real failures should not be lost among them. */
  let incidentId: string | undefined
  server.get('/readyz', alsoHead, async (_request, reply) => {
    const report = health.report()
    const failure = { code: 'unavailable', route: 'GET /readyz', message: 'request failed' }
    if (report.ready) incidentId = undefined
    else incidentId ??= incidents.open({ ...failure, error: whyNotReady(report) })
    if (incidentId !== undefined) reply.header(header.incidentId, incidentId)
    reply.code(report.ready ? 200 : 503).header('cache-control', 'no-store')
    return { ...report, request_id: currentRequest()?.requestId, incident_id: incidentId }
  })
}
