// `/healthz` and `/readyz` on the port of the doors. Not to be ready is one incident for as long as it lasts: probes that ask every
// few seconds would crowd out the incidents that say why.
import type { ServerResponse } from 'node:http'
import { header } from '@cairn/contracts'
import type { RealtimeContext } from '../context.ts'

type Answer = (response: ServerResponse, requestId: string) => void

const answerJson = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

export const answerHealth: Answer = (response, request_id) => answerJson(response, 200, { status: 'ok', request_id })

export const createReadinessAnswer = ({ health, incidents }: RealtimeContext): Answer => {
  let incidentId: string | undefined
  return (response, request_id) => {
    const report = health.report()
    if (report.ready) {
      incidentId = undefined
      answerJson(response, 200, { ...report, request_id })
      return
    }
    const about = { draining: report.draining, checks: report.checks }
    const error = new Error('GET /readyz answered 503')
    incidentId ??= incidents.open({ code: 'unavailable', route: 'GET /readyz', error, message: 'not ready', about })
    response.setHeader(header.incidentId, incidentId)
    answerJson(response, 503, { ...report, request_id, incident_id: incidentId })
  }
}
