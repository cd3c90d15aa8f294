// A load of `edge`: kept-alive connections that ask for the same thing again and again. Run as a process of its own.
import { HttpConnection } from '../harness/http-connection.ts'
import { serveLoad } from '../harness/load-process.ts'
import { runLoad } from '../harness/load.ts'

export interface GetSetup {
  readonly url: string
  readonly workers: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Anything else ends the run. */
  readonly status: number
}

export interface GetOrder {
  readonly durationMs: number
}

serveLoad(async ({ url, workers, path, headers, status }: GetSetup) => {
  const lines = Object.entries({ host: new URL(url).host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `GET ${path} HTTP/1.1\r\n${lines.join('')}`
  const connections = await Promise.all(Array.from({ length: workers }, () => HttpConnection.open(url)))
  const ask = async (worker: number): Promise<void> => {
    const answer = await (connections[worker] as HttpConnection).post(head, '')
    if (answer.status !== status) throw new Error(`${path} was answered ${answer.status}: ${answer.body}`)
  }
  return ({ durationMs }: GetOrder) => runLoad({ workers, durationMs, ask })
})
