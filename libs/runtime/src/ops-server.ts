// The ops port of a service: `/healthz` (the process answers), `/readyz` (it can serve), `/metrics` (for Prometheus). Never exposed to phones.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HealthState } from './health.ts'
import { noMetrics, type Metrics } from './metrics.ts'

export interface OpsServer {
  readonly port: number
  close(): Promise<void>
}

const answer = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

const answerMetrics = async (response: ServerResponse, metrics: Metrics): Promise<void> => {
  try {
    const text = await metrics.exposition()
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' })
    response.end(text)
  } catch {
    answer(response, 500, { status: 'failed' })
  }
}

/** Serves `health` on `port` (0: any free one).  */
export const startOpsServer = async (
  { port, host }: { port: number; host: string },
  health: HealthState,
  metrics: Metrics = noMetrics,
): Promise<OpsServer> => {
  const server = createServer((request, response) => {
    if (request.url === '/healthz') answer(response, 200, { status: 'ok' })
    else if (request.url === '/readyz') {
      const report = health.report()
      answer(response, report.ready ? 200 : 503, report)
    } else if (request.url === '/metrics') void answerMetrics(response, metrics)
    else answer(response, 404, { status: 'not_found' })
  })
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
