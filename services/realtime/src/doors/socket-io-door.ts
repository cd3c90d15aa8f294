// The socket.io door. The engine's handshake asks for nothing; who somebody is gets decided by the namespaces.
import { AsyncResource } from 'node:async_hooks'
import { createServer, ServerResponse, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { header, type CairnError } from '@cairn/contracts'
import { currentRequest, runOutsideRequest } from '@cairn/runtime'
import { Server } from 'socket.io'
import { WebSocketServer, type ServerOptions } from 'ws'
import type { RealtimeConfig } from '../config.ts'
import type { RealtimeContext } from '../context.ts'
import { followConnections } from './engine-connections.ts'
import { assertEngineRequest, withProblems } from './engine-requests.ts'
import { serveNamespaces } from './socket-io-namespaces.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

export const socketIoPath = '/socket.io/'

export interface SocketIoDoor {
  /** A request of the polling transport, which is what clients begin with unless told otherwise. Throws as `upgrade`. */
  request(
    request: IncomingMessage,
    response: ServerResponse,
    target: { query: URLSearchParams; refuse: (error: CairnError) => void },
  ): Promise<void>
  /**
   * Throws `invalid_request` for anything but a request of protocol 4, `rate_limited`, and `unavailable` while nobody can be let in: unlike
   * a refused namespace, a refused handshake is something socket.io clients try again by themselves.
   */
  upgrade(
    request: IncomingMessage,
    target: { upgrade: UpgradeRequest; socket: Duplex; firstBytes: Buffer },
  ): Promise<void>
  close(): void
}

/**
 * engine.io brings an older one, which answers pings without end to a client that reads none of the answers. What engine.io
 * closes by itself (an upgrade that goes wrong, a connection without a namespace) is cut off here when its client ignores that.
 */
const webSocketServer = ({ closeTimeoutMs }: RealtimeConfig) =>
  class extends WebSocketServer {
    constructor(options?: ServerOptions) {
      // Its types do not know `closeTimeout` yet.
      super(Object.assign({}, options, { closeTimeout: closeTimeoutMs }))
    }
  }

const createIo = (config: RealtimeConfig): Server => {
  const io = new Server({
    transports: ['polling', 'websocket'],
    wsEngine: webSocketServer(config),
    serveClient: false,
    perMessageDeflate: false,
    destroyUpgrade: false,
    cleanupEmptyChildNamespaces: true,
    maxHttpBufferSize: config.maxFrameBytes,
    connectTimeout: config.namespaceTimeoutMs,
    httpCompression: false,
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pongTimeoutMs,
  })
  // A server that never listens: requests and upgrades are ours, engine.io is handed those it shall have.
  io.attach(createServer())
  io.engine.use((_request: IncomingMessage, response: object, next: () => void) => {
    next()
    // What stands for the response to an upgrade lives as long as the WebSocket, and with it the request.
    if (!(response instanceof ServerResponse)) Object.assign(response, { req: undefined })
  })
  return io
}

/** Runs what makes connections, whose timers would keep the request they are made in for as long as they live. */
const outsideRequest = (io: Server): ((request: IncomingMessage, work: () => void) => void) => {
  const requestIds = new WeakMap<IncomingMessage, string>()
  io.engine.on('headers', (headers: Record<string, string>, request: IncomingMessage) => {
    const requestId = requestIds.get(request)
    if (requestId !== undefined) headers[header.requestId] = requestId
  })
  return (request, work) => {
    const requestId = currentRequest()?.requestId
    if (requestId !== undefined) requestIds.set(request, requestId)
    runOutsideRequest(work)
  }
}

export const createSocketIoDoor = (context: RealtimeContext): SocketIoDoor => {
  const io = createIo(context.config)
  const connections = followConnections(io, context.config)
  const run = outsideRequest(io)
  serveNamespaces(io, context, connections)
  return {
    request: async (request, response, { query, refuse }) => {
      await assertEngineRequest(context, connections, { request, query, transport: 'polling', channel: response })
      const answer = withProblems(response, AsyncResource.bind(refuse))
      run(request, () => io.engine.handleRequest(request, answer))
    },
    upgrade: async (request, { upgrade, socket, firstBytes }) => {
      const { query } = upgrade
      await assertEngineRequest(context, connections, { request, query, transport: 'websocket', channel: socket })
      run(request, () => io.engine.handleUpgrade(request, socket, firstBytes))
    },
    close: () => {
      io.engine.close()
    },
  }
}
