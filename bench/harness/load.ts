// A closed loop: so many workers, each asking again as soon as it is answered. A failure ends the run: figures of a system
// that answers errors mean nothing.
import { Agent, request } from 'node:http'
import { quantile } from './statistics.ts'

export interface Load {
  readonly workers: number
  readonly durationMs: number
  /** One request of worker number `worker`; rejects when it was not answered as it should be. */
  readonly ask: (worker: number) => Promise<void>
}

export interface LoadResult {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export const runLoad = async ({ workers, durationMs, ask }: Load): Promise<LoadResult> => {
  const latencies: number[] = []
  const startedAt = performance.now()
  const work = async (worker: number): Promise<void> => {
    for (;;) {
      const askedAt = performance.now()
      if (askedAt - startedAt >= durationMs) return
      await ask(worker)
      latencies.push(performance.now() - askedAt)
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))
  const perSecond = (latencies.length / (performance.now() - startedAt)) * 1_000
  return { requests: latencies.length, perSecond, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) }
}

export interface JsonPoster {
  /** The answer's body; rejects unless its status is 200. */
  post(path: string, body: object): Promise<string>
  close(): void
}

/** One kept-alive connection per worker: `node:http`, since `fetch` costs several times as much on the same cores. */
export const openPoster = (url: string, connections: number): JsonPoster => {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const post: JsonPoster['post'] = (path, body) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body)
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const sent = request({ agent, hostname, port, path, method: 'POST', headers }, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8')
          if (response.statusCode === 200) resolve(answer)
          else reject(new Error(`${path} was answered ${response.statusCode}: ${answer}`))
        })
      })
      sent.on('error', reject)
      sent.end(text)
    })
  return { post, close: () => agent.destroy() }
}
