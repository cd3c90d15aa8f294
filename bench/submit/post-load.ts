// Posts events over so many connections, each with phones of its own: the load of `submit` and `history`, and of their bare
// Fastify. Every answer has to be a 200, and every event of it applied unless the server is a bare one. Connections are opened
// for each round: the gateway closes those that ask nothing for long.
import { randomUUID } from 'node:crypto'
import { HttpConnection } from '../harness/http-connection.ts'
import { runLoad, type LoadResult } from '../harness/load.ts'
import { serveLoad } from '../harness/load-process.ts'

export interface PostSetup {
  readonly url: string
  readonly connections: number
  readonly eventsEach: number
  /** Access tokens, dealt out to the connections in turn. */
  readonly tokens: readonly string[]
  /** Whether receipts are looked at. */
  readonly checked: boolean
}

export interface PostOrder {
  readonly durationMs: number
}

const path = '/api/v1/progress/events'
const tracks = 5
const itemsEach = 40
const kinds = ['started', 'advanced', 'practiced', 'practiced', 'completed']

/** Where there are fewer tokens than connections, several share one. */
const ownTokens = (tokens: readonly string[], worker: number, connections: number): readonly string[] =>
  tokens.length < connections
    ? [tokens[worker % tokens.length] ?? '']
    : tokens.filter((_token, n) => n % connections === worker)

let made = 0
const eventText = (): string => {
  made += 1
  const kind = kinds[made % kinds.length]
  const time = new Date(Date.now() - (made % 86_400) * 1_000).toISOString()
  return `{"event_id":"${randomUUID()}","track_id":"track-${made % tracks}","item_id":"item-${made % itemsEach}","kind":"${kind}","occurred_at":"${time}","percent":${made % 100},"points":5,"duration_ms":60000}`
}

serveLoad(async ({ url, connections, eventsEach, tokens, checked }: PostSetup) => {
  const workers = Array.from({ length: connections }, (_, worker) => worker)
  const headOf = (token: string): string =>
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`
  const heads = workers.map(worker => ownTokens(tokens, worker, connections).map(headOf))
  const turns = new Uint32Array(connections)
  const ask = async (connection: HttpConnection, worker: number): Promise<void> => {
    const own = heads[worker] ?? []
    const head = own[(turns[worker] = (turns[worker] ?? 0) + 1) % own.length] ?? ''
    const body = `{"events":[${Array.from({ length: eventsEach }, eventText).join()}]}`
    const answer = await connection.post(head, body)
    const applied = checked ? answer.body.split('"status":"applied"').length - 1 : eventsEach
    if (answer.status !== 200 || applied !== eventsEach) {
      throw new Error(`${eventsEach} events were answered ${answer.status}: ${answer.body.slice(0, 500)}`)
    }
  }
  return async ({ durationMs }: PostOrder): Promise<LoadResult> => {
    const open = await Promise.all(workers.map(() => HttpConnection.open(url)))
    try {
      const asking = (worker: number): Promise<void> => ask(open[worker] as HttpConnection, worker)
      return await runLoad({ workers: connections, durationMs, ask: asking })
    } finally {
      for (const connection of open) connection.close()
    }
  }
})
