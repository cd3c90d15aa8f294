// Both doors as a client sees them, behind one interface: the suite is written once and run over each.
import { noteIncident } from '@cairn/testkit'
import { io, type Socket } from 'socket.io-client'
import { WebSocket } from 'ws'

export interface SeenFrame {
  readonly type: string
  readonly data: Record<string, unknown>
  readonly context: { traceparent?: string; request_id?: string }
}

export interface TestClient {
  readonly frames: SeenFrame[]
  /** Whether the connection has ended. */
  closed: boolean
  /** The WebSocket close code, where the door shows it. */
  closeCode: number | undefined
  send(type: string, data: unknown): void
  /** A message of the transport as it is, whatever the door makes of it. */
  sendRaw(bytes: string | Buffer): void
  end(): void
}

export interface Refused {
  readonly refused: { status: number | undefined; code: string; requestId: string }
}

export interface Door {
  readonly name: string
  connect(baseUrl: string, userId: string, options?: ConnectOptions): Promise<TestClient | Refused>
}

export interface ConnectOptions {
  readonly token?: string | undefined
  /** Where the token goes: the URL, or what the door offers besides it. */
  readonly tokenIn?: 'query' | 'elsewhere'
  readonly origin?: string
  readonly cookie?: string
  readonly signal?: 'reconnects'
}

interface ProblemBody {
  readonly code: string
  readonly status: number
  readonly request_id: string
  readonly incident_id?: string
}

const pathOf = (userId: string, { token, tokenIn = 'query' }: ConnectOptions): string =>
  token !== undefined && tokenIn === 'query' ? `/ws/user/${userId}?token=${token}` : `/ws/user/${userId}`

const headersOf = ({ origin, cookie }: ConnectOptions): Record<string, string> => ({
  ...(origin === undefined ? {} : { origin }),
  ...(cookie === undefined ? {} : { cookie }),
})

const connectPlain: Door['connect'] = (baseUrl, userId, options = {}) => {
  const { token, tokenIn } = options
  const bearer = token !== undefined && tokenIn === 'elsewhere' ? { authorization: `Bearer ${token}` } : {}
  const webSocket = new WebSocket(`${baseUrl}${pathOf(userId, options)}`, {
    headers: { ...headersOf(options), ...bearer },
  })
  const client: TestClient = {
    frames: [],
    closed: false,
    closeCode: undefined,
    send: (type, data) => webSocket.send(JSON.stringify({ type, data })),
    sendRaw: bytes => webSocket.send(bytes),
    end: () => webSocket.terminate(),
  }
  webSocket.on('message', message => {
    const { type, data, ...context } = JSON.parse((message as Buffer).toString()) as SeenFrame & SeenFrame['context']
    client.frames.push({ type, data, context })
  })
  webSocket.on('close', code => Object.assign(client, { closed: true, closeCode: code }))
  return new Promise((resolve, reject) => {
    webSocket.on('open', () => resolve(client))
    webSocket.on('error', reject)
    webSocket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => {
        const { code, status, request_id, incident_id } = JSON.parse(body) as ProblemBody
        if (status >= 500) noteIncident(baseUrl, incident_id ?? 'no incident')
        const requestId = String(response.headers['x-request-id'])
        if (requestId !== request_id || status !== response.statusCode) reject(new Error('header and body disagree'))
        else resolve({ refused: { status, code, requestId } })
      })
    })
  })
}

/** Also used by tests that are about socket.io itself. */
export const followSocket = (socket: Socket): TestClient => {
  const client: TestClient = {
    frames: [],
    closed: false,
    closeCode: undefined,
    send: (type, data) => socket.emit(type, data),
    sendRaw: bytes => socket.io.engine.write(bytes),
    end: () => socket.disconnect(),
  }
  socket.onAny((type: string, data: SeenFrame['data'], context: SeenFrame['context']) => {
    client.frames.push({ type, data, context })
  })
  socket.on('connect', () => Object.assign(client, { closed: false }))
  socket.on('disconnect', () => Object.assign(client, { closed: true }))
  return client
}

/** Where the node is that it connects to. */
const baseUrlOf = (socket: Socket): string => new URL((socket.io as unknown as { uri: string }).uri).origin

export const connected = (socket: Socket, client: TestClient): Promise<TestClient | Refused> =>
  new Promise((resolve, reject) => {
    socket.on('connect', () => resolve(client))
    socket.on('connect_error', error => {
      const { data } = error as Error & { data?: Omit<ProblemBody, 'status'> }
      if (data?.incident_id !== undefined) noteIncident(baseUrlOf(socket), data.incident_id)
      if (data === undefined) reject(error)
      else resolve({ refused: { status: undefined, code: data.code, requestId: data.request_id } })
    })
  })

/** With the client's own defaults: polling first, then an upgrade. */
const connectSocketIo =
  (transports?: readonly string[]): Door['connect'] =>
  async (baseUrl, userId, options = {}) => {
    const { token, tokenIn, signal } = options
    const socket = io(`${baseUrl}${pathOf(userId, options)}`, {
      ...(transports === undefined ? {} : { transports: [...transports] }),
      forceNew: true,
      reconnection: signal === 'reconnects',
      reconnectionDelay: 50,
      ...(token !== undefined && tokenIn === 'elsewhere' ? { auth: { token } } : {}),
      extraHeaders: headersOf(options),
    })
    const result = await connected(socket, followSocket(socket))
    if ('refused' in result) socket.disconnect()
    return result
  }

export const doors: readonly Door[] = [
  { name: 'plain WebSocket', connect: connectPlain },
  { name: 'socket.io', connect: connectSocketIo() },
  { name: 'socket.io, WebSocket alone', connect: connectSocketIo(['websocket']) },
  { name: 'socket.io, polling alone', connect: connectSocketIo(['polling']) },
]

export const [plainDoor, socketIoDoor] = doors as [Door, Door]
