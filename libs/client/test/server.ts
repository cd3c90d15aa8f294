// A tiny real server with both faces, HTTP and WebSocket, that says what a test tells it to.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChangesPage, Session, SessionReady } from '@cairn/contracts'
import { WebSocketServer, type WebSocket } from 'ws'
import { createCairnClient, type CairnClient, type CairnClientOptions } from '../src/index.ts'

export interface Call {
  readonly route: string
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly body: unknown
}

export interface Answer {
  readonly status?: number
  readonly body?: unknown
  /** Instead of a body in JSON, as something in between would answer. */
  readonly html?: string
  readonly headers?: Record<string, string>
  /** Ends the connection without an answer. */
  readonly hangUp?: boolean
  /** The answer is held back until then. */
  readonly after?: Promise<unknown>
}

export interface TestServer {
  readonly url: string
  readonly calls: Call[]
  /** Frames clients have sent. */
  readonly received: { type: string; data: unknown }[]
  readonly sockets: WebSocket[]
  /** Tokens sockets were opened with, in order. */
  readonly socketTokens: (string | null)[]
  /** Tokens that are refused at the handshake. */
  readonly refusedTokens: Set<string | null>
  /** How a route (`GET /progress/changes`) is answered; the last answer stays for all later calls. */
  on(route: string, ...answers: (Answer | ((call: Call) => Answer))[]): void
  push(type: string, data: unknown): void
  onSocket: (socket: WebSocket) => void
  stop(): Promise<void>
}

export const sessionOf = (generation: number): Session => ({
  access_token: `access-${generation}`,
  token_type: 'Bearer',
  expires_in: 600,
  refresh_token: `refresh-${generation}`,
  refresh_expires_at: '2027-01-01T00:00:00.000Z',
  session_id: '00000000-0000-4000-8000-00000000000a',
  user: {
    id: '00000000-0000-4000-8000-000000000001',
    is_guest: true,
    display_name: null,
    email: null,
    created_at: '2026-01-01T00:00:00.000Z',
  },
  created: generation === 1,
})

/** That of somebody else. */
export const otherSessionOf = (generation: number): Session => {
  const session = sessionOf(generation)
  return {
    ...session,
    access_token: `other-${generation}`,
    refresh_token: `other-refresh-${generation}`,
    session_id: '00000000-0000-4000-8000-00000000000b',
    user: { ...session.user, id: '00000000-0000-4000-8000-000000000002' },
  }
}

export const problem = (status: number, code: string, more: object = {}): Answer => ({
  status,
  body: { type: `https://cairn.dev/errors/${code}`, title: code, status, code, request_id: 'request-id', ...more },
})

export const pageOf = (from: number, to: number, { head = to, epoch = 'e' } = {}): ChangesPage => ({
  epoch,
  from_seq: from,
  to_seq: to,
  events: Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => ({
    seq: from + index,
    received_at: '2026-01-01T00:00:00.000Z',
    event_id: '00000000-0000-4000-8000-000000000000',
    track_id: 't',
    item_id: 'i',
    kind: 'practiced' as const,
    occurred_at: '2026-01-01T00:00:00.000Z',
  })),
  items: [],
  tracks: [],
  totals: { tracks: 1, items: 1, completed_items: 0, points: 0, duration_ms: 0, event_count: to, active_days: 1 },
  streak: { current: 0, longest: 1, last_day: '2026-01-01', valid_until: '2026-01-02' },
  head: { epoch, seq: head },
  has_more: to < head,
})

export const idsOf = ({ body }: Call): unknown[] =>
  (body as { events: { event_id: string }[] }).events.map(({ event_id }) => event_id)

/** Of all events that were sent. */
export const receiptsOf = (call: Call): Answer => {
  const results = idsOf(call).map(event_id => ({ event_id, status: 'applied' }))
  return { body: { results, head: { epoch: 'e', seq: 1 } } }
}

const readCall = async (request: IncomingMessage): Promise<Call> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
  return {
    route: `${request.method ?? ''} ${pathname.replace('/api/v1', '')}`,
    query: searchParams,
    token: request.headers.authorization?.replace('Bearer ', ''),
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  }
}

export const startServer = async (): Promise<TestServer> => {
  const routes = new Map<string, (Answer | ((call: Call) => Answer))[]>()
  const webSockets = new WebSocketServer({ noServer: true })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await readCall(request)
    server.calls.push(call)
    const answers = routes.get(call.route) ?? [problem(404, 'not_found')]
    const next = answers.length > 1 ? answers.shift() : answers[0]
    const { status = 200, body, html, headers, hangUp, after } = (typeof next === 'function' ? next(call) : next) ?? {}
    await after
    if (hangUp === true) response.destroy()
    else if (html !== undefined) response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(html)
    else if (status === 204) response.writeHead(status, headers).end()
    else response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const http = createServer((request, response) => void answer(request, response))
  const server: TestServer = {
    url: '',
    calls: [],
    received: [],
    sockets: [],
    socketTokens: [],
    refusedTokens: new Set(),
    on: (route, ...answers) => void routes.set(route, answers),
    push: (type, data) => {
      for (const socket of server.sockets) socket.send(JSON.stringify({ type, data }))
    },
    onSocket: () => undefined,
    stop: async () => {
      for (const socket of server.sockets) socket.terminate()
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
  http.on('upgrade', (request, socket, head) => {
    const token = new URL(request.url ?? '/', 'http://server').searchParams.get('token')
    server.socketTokens.push(token)
    if (server.refusedTokens.has(token)) {
      // Nobody listens yet when the client resets what was refused.
      socket.on('error', () => undefined)
      socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      return
    }
    webSockets.handleUpgrade(request, socket, head, webSocket => {
      server.sockets.push(webSocket)
      webSocket.on('message', message => {
        server.received.push(JSON.parse((message as Buffer).toString()) as TestServer['received'][number])
      })
      webSocket.on('close', () => server.sockets.splice(server.sockets.indexOf(webSocket), 1))
      server.onSocket(webSocket)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return Object.assign(server, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
}

export interface ServedLog {
  head: { epoch: string; seq: number }
  /** So many more events; the page they are pushed as. */
  commit(count: number): ChangesPage
}

/** A node that cannot read any log: it says `ready`, and answers a `ping` when it has said that it does. */
export const nodeOf =
  (ready: SessionReady): TestServer['onSocket'] =>
  socket => {
    const send = (type: string, data: unknown): void => socket.send(JSON.stringify({ type, data }))
    send('session.ready', ready)
    socket.on('message', message => {
      const { type } = JSON.parse((message as Buffer).toString()) as { type: string }
      if (type === 'ping' && ready.answers_ping === true) send('pong', {})
    })
  }

/** Connections get this log's head, and what they are missing of it. */
export const serveLog = (server: TestServer): ServedLog => {
  const log: ServedLog = {
    head: { epoch: 'e', seq: 0 },
    commit: count => {
      const { epoch, seq } = log.head
      log.head = { epoch, seq: seq + count }
      return pageOf(seq + 1, seq + count)
    },
  }
  server.onSocket = socket => {
    const send = (type: string, data: unknown): void => socket.send(JSON.stringify({ type, data }))
    nodeOf({ ...log.head, expires_in: 600, answers_ping: true })(socket)
    socket.on('message', message => {
      const { type, data } = JSON.parse((message as Buffer).toString()) as { type: string; data: { seq: number } }
      if (type === 'resume') send('progress.changed', pageOf(data.seq + 1, log.head.seq))
    })
  }
  return log
}

/** Of somebody who is signed in since an earlier run, with pauses for tests. */
export const clientAt = ({ url }: TestServer, more: Partial<CairnClientOptions> = {}): CairnClient =>
  createCairnClient({
    gatewayUrl: url,
    realtimeUrl: url,
    session: sessionOf(1),
    backoff: { firstMs: 5, mostMs: 20 },
    ...more,
  })
