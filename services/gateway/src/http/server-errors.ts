// The last look at an answer: a 5xx that nobody made a problem of (a handler that answers one by itself) gets its incident here.
import { header } from '@cairn/contracts'
import type { FastifyInstance } from 'fastify'
import type { GatewayContext } from '../context.ts'

const withIncident = (payload: unknown, incidentId: string): unknown =>
  typeof payload === 'string' && payload.startsWith('{"')
    ? `{"incident_id":${JSON.stringify(incidentId)},${payload.slice(1)}`
    : payload

export const registerServerErrors = (server: FastifyInstance, { incidents }: GatewayContext): void => {
  // With a callback: it runs for every answer, and a promise each would cost more than what it does.
  server.addHook('onSend', (request, reply, ...[payload, done]: [unknown, (error: null, payload: unknown) => void]) => {
    if (reply.statusCode < 500 || reply.hasHeader(header.incidentId)) {
      done(null, payload)
      return
    }
    const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`
    const error = new Error(`${route} answered ${reply.statusCode}`)
    const incidentId = incidents.open({ code: 'unavailable', route, error, message: 'request failed' })
    reply.header(header.incidentId, incidentId)
    done(null, withIncident(payload, incidentId))
  })
}
