// The socket.io door: one namespace per user, `/ws/user/<userId>`. The engine's handshake asks for nothing; who somebody
// is gets decided by the namespace, each time anew, because several namespaces may ride on one connection and the query
// of the first URL is all that the later ones send along.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { CairnError, closeCode, frameType, header } from '@cairn/contracts'
import { continueTrace, currentRequest, newRequestId, runInRequest, type Incidents } from '@cairn/runtime'
import { Server, type ExtendedError, type Socket } from 'socket.io'
import type { RealtimeConfig } from '../config.ts'
import type { RealtimeContext } from '../context.ts'
import { admitConnection, assertRoom, assertServing, type Admission } from '../core/admit-connection.ts'
import type { Connection } from '../core/connection.ts'
import { frameOf } from '../core/frame.ts'
import type { Outlet } from '../core/outlet.ts'
import { receiveFrame } from '../handlers/receive-frame.ts'
import { problemAnswer } from './problem-answer.ts'
import { createSocketIoEncoder } from './socket-io-frames.ts'
import { createSocketIoOutlets } from './socket-io-outlet.ts'
import { userOfPath, type UpgradeRequest } from './upgrade-request.ts'

export const socketIoPath = '/socket.io/'

export interface SocketIoDoor {
  /** A request of the polling transport, which is what clients begin with unless told otherwise. Throws as `upgrade`. */
  request(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void>
  /**
   * Throws `invalid_request` for anything but protocol 4, `rate_limited`, and `unavailable` while nobody can be let in: unlike
   * a refused namespace, a refused handshake is something socket.io clients try again by themselves.
   */
  upgrade(
    request: IncomingMessage,
    target: { upgrade: UpgradeRequest; socket: Duplex; firstBytes: Buffer },
  ): Promise<void>
  close(): void
}

const createIo = (config: RealtimeConfig): Server => {
  const io = new Server({
    transports: ['polling', 'websocket'],
    serveClient: false,
    perMessageDeflate: false,
    destroyUpgrade: false,
    cleanupEmptyChildNamespaces: true,
    maxHttpBufferSize: config.maxFrameBytes,
    connectTimeout: config.namespaceTimeoutMs,
    httpCompression: false,
    ...(config.allowedOrigins.length === 0 ? {} : { cors: { origin: [...config.allowedOrigins] } }),
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pongTimeoutMs,
  })
  // A server that never listens: requests and upgrades are ours, engine.io is handed those it shall have.
  io.attach(createServer())
  io.engine.on('headers', (headers: Record<string, string>) => {
    const request = currentRequest()
    if (request !== undefined) headers[header.requestId] = request.requestId
  })
  return io
}

const tokenOf = ({ handshake }: Socket): string | undefined => {
  const given: unknown = handshake.auth['token'] ?? handshake.query['token']
  return typeof given === 'string' ? given : undefined
}

const refusalOf = (error: unknown, requestId: string, incidents: Incidents): ExtendedError => {
  const { code, title, request_id, incident_id, retry_after } = problemAnswer(error, requestId, incidents).problem
  return Object.assign(new Error(title), { data: { code, request_id, incident_id, retry_after } })
}

/** Who came too often, and how many milliseconds they have to wait: such a client is let in to be told, and closed. */
type TooMany = WeakMap<Socket, number>

/**
 * Middleware that runs a namespace's handshake as a request of its own; what `admit` throws is the `connect_error`. Not so
 * `rate_limited`: a client whose namespace is refused does not come back by itself, one whose connection ends does.
 */
const handshake =
  ({ incidents, tooMany }: { incidents: Incidents; tooMany: TooMany }, admit: (socket: Socket) => Promise<void>) =>
  (socket: Socket, next: (refusal?: ExtendedError) => void): void => {
    const requestId = newRequestId()
    const trace = continueTrace(socket.handshake.headers['traceparent'] as string | undefined)
    const decide = async (): Promise<void> => {
      let refusal: ExtendedError | undefined
      try {
        await admit(socket)
      } catch (error) {
        const limited = error instanceof CairnError && error.code === 'rate_limited'
        if (limited) tooMany.set(socket, (error.retryAfterSeconds ?? 1) * 1_000)
        else refusal = refusalOf(error, requestId, incidents)
      }
      next(refusal)
    }
    runInRequest({ requestId, trace }, () => void decide())
  }

const admitSocket = async (context: RealtimeContext, socket: Socket): Promise<Admission> => {
  const userId = userOfPath(socket.nsp.name)
  if (userId === undefined) throw new CairnError('not_found', { detail: 'There is no such namespace.' })
  const { origin, host } = socket.handshake.headers
  return admitConnection(context, { userId, token: tokenOf(socket), origin, host })
}

const sendAway = (outlet: Outlet, retryAfterMs: number): void => {
  outlet.send(frameOf(frameType.sessionClosing, { code: closeCode.tooMany, retry_after_ms: retryAfterMs }))
  outlet.close(closeCode.tooMany)
}

/** A namespace's socket may end with its connection, or alone, or before it has begun. */
const goneWith = (socket: Socket, connection: Connection): void => {
  const { conn } = socket
  const gone = (): void => {
    conn.off('close', gone)
    connection.gone()
  }
  conn.once('close', gone)
  socket.once('disconnect', gone)
  if (conn.readyState !== 'open') gone()
}

/** The ids of engine.io's connections, while they last. */
const connectionIdsOf = (io: Server): ReadonlySet<string> => {
  const ids = new Set<string>()
  io.engine.on(
    'connection',
    (connection: { readonly id: string; once(event: 'close', listener: () => void): unknown }) => {
      ids.add(connection.id)
      connection.once('close', () => ids.delete(connection.id))
    },
  )
  return ids
}

/** Several namespaces on one connection are as many handshakes; the first one was counted with the connection. */
const countNamespaces = ({ limits, readAddress }: RealtimeContext): ((socket: Socket) => Promise<void>) => {
  const counted = new WeakSet<Socket['conn']>()
  return async ({ conn, request }) => {
    if (counted.has(conn)) await limits.countAddress(readAddress(request).key)
    counted.add(conn)
  }
}

/** What belongs to a connection that is there already goes on while no new ones are let in. */
const assertEngineRequest = async (
  context: RealtimeContext,
  known: ReadonlySet<string>,
  { query, request }: { query: URLSearchParams; request: IncomingMessage },
): Promise<void> => {
  if (query.get('EIO') !== '4')
    throw new CairnError('invalid_request', { detail: 'socket.io is served in protocol 4.' })
  const connectionId = query.get('sid')
  if (connectionId === null) {
    assertServing(context)
    assertRoom(context, known.size)
    await context.limits.countAddress(context.readAddress(request).key)
  } else if (!known.has(connectionId)) {
    throw new CairnError('invalid_request', { detail: 'There is no such connection here.' })
  }
}

export const createSocketIoDoor = (context: RealtimeContext): SocketIoDoor => {
  const io = createIo(context.config)
  const connectionIds = connectionIdsOf(io)
  const outletOf = createSocketIoOutlets(createSocketIoEncoder())
  const admissions = new WeakMap<Socket, Admission>()
  const tooMany: TooMany = new WeakMap()
  const countNamespace = countNamespaces(context)
  const { incidents } = context

  const refuseDefaultNamespace = async (): Promise<void> => {
    throw new CairnError('not_found', { detail: 'There is no such namespace.' })
  }
  const admit = async (socket: Socket): Promise<void> => {
    await countNamespace(socket)
    const admission = await admitSocket(context, socket)
    admissions.set(socket, admission)
    goneWith(socket, admission.connection)
  }
  io.use(handshake({ incidents, tooMany }, refuseDefaultNamespace))
  const namespaces = io.of((_name, _auth, next) => next(null, true))
  namespaces.use(handshake({ incidents, tooMany }, admit))
  namespaces.on('connection', socket => {
    const admission = admissions.get(socket)
    if (admission === undefined) {
      sendAway(outletOf(socket), tooMany.get(socket) ?? 0)
      return
    }
    const { connection, head } = admission
    socket.onAny((type: unknown, data: unknown, context_?: { traceparent?: unknown } | null) => {
      receiveFrame(context, connection, { type, data, traceparent: context_?.traceparent })
    })
    connection.attach(outletOf(socket), head)
    context.registry.closeExcess(connection.userId)
  })

  return {
    request: async (request, response, query) => {
      await assertEngineRequest(context, connectionIds, { query, request })
      io.engine.handleRequest(request, response)
    },
    upgrade: async (request, { upgrade, socket, firstBytes }) => {
      await assertEngineRequest(context, connectionIds, { query: upgrade.query, request })
      io.engine.handleUpgrade(request, socket, firstBytes)
    },
    close: () => {
      io.engine.close()
    },
  }
}
