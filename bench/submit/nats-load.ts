// Request/reply on NATS and nothing else: a responder on one connection in one process (`answer` set), a requester in another,
// over the bus's connection with the client library's own `request`.
import { Bus } from '@cairn/bus'
import { createLogger } from '@cairn/runtime'
import { runLoad, type LoadResult } from '../harness/load.ts'
import { serveLoad } from '../harness/load-process.ts'

export interface NatsSetup {
  readonly url: string
  /** What to answer; undefined for the side that asks. */
  readonly answer?: string
  readonly workers: number
  readonly payload: string
}

export interface NatsOrder {
  readonly durationMs: number
}

const subject = 'bench.bare'

serveLoad(async ({ url, answer, workers, payload }: NatsSetup) => {
  const logger = createLogger({ service: 'bench', level: 'silent' })
  const { nats } = await Bus.connect({ url, name: 'bench', logger })
  if (answer !== undefined) nats.subscribe(subject, { callback: (_error, message) => void message.respond(answer) })
  await nats.flush()
  const ask = async (): Promise<void> => {
    const message = await nats.request(subject, payload, { timeout: 5_000 })
    JSON.parse(message.string())
  }
  return ({ durationMs }: NatsOrder): Promise<LoadResult> => runLoad({ workers, durationMs, ask })
})
