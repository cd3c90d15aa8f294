// The namespaces of socket.io: one per user, `/ws/user/<userId>`. Who somebody is gets decided by the namespace, each time anew,
// because several may ride on one connection, and the query of the first URL is all that the later ones send along.
import { CairnError, closeCode, frameType } from '@cairn/contracts'
import { continueTrace, newRequestId, runInRequest } from '@cairn/runtime'
import type { ExtendedError, Namespace, Server, Socket } from 'socket.io'
import type { RealtimeContext } from '../context.ts'
import { admitConnection, type Admission } from '../core/admit-connection.ts'
import { frameOf } from '../core/frame.ts'
import { ownText } from '../core/own-text.ts'
import type { Outlet } from '../core/outlet.ts'
import { receiveFrame } from '../handlers/receive-frame.ts'
import type { EngineConnections } from './engine-connections.ts'
import { problemAnswer } from './problem-answer.ts'
import { createSocketIoEncoder } from './socket-io-frames.ts'
import { SocketIoOutlet } from './socket-io-outlet.ts'
import { userOfPath } from './upgrade-request.ts'

type Told = Pick<RealtimeContext, 'incidents' | 'logger'>
type Next = (refusal?: ExtendedError) => void

const tokenOf = ({ handshake }: Socket): string | undefined => {
  const given: unknown = handshake.auth['token'] ?? handshake.query['token']
  return typeof given === 'string' ? given : undefined
}

const refusalOf = (error: unknown, requestId: string, context: Told): ExtendedError => {
  const { code, title, request_id, incident_id, retry_after } = problemAnswer(error, requestId, context).problem
  return Object.assign(new Error(title), { data: { code, request_id, incident_id, retry_after } })
}

/** Who came too often, and how many milliseconds they have to wait: such a client is let in to be told, and closed. */
type TooMany = WeakMap<Socket, number>

/** What the handshakes of namespaces share. */
interface Handshakes {
  readonly context: Told
  readonly connections: EngineConnections
  readonly tooMany: TooMany
}

/**
 * Middleware that runs a namespace's handshake as a request of its own; what `admit` throws is the `connect_error`. Not so
 * `rate_limited`: a client whose namespace is refused does not come back by itself, one whose connection ends does. It does not end for those
 * who are live on it.
 */
const handshake =
  ({ context, connections, tooMany }: Handshakes, admit: (socket: Socket) => Promise<void>) =>
  (socket: Socket, next: Next): void => {
    const requestId = newRequestId()
    const trace = continueTrace(socket.handshake.headers['traceparent'] as string | undefined)
    const decide = async (): Promise<void> => {
      let refusal: ExtendedError | undefined
      try {
        await admit(socket)
      } catch (error) {
        const limited = error instanceof CairnError && error.code === 'rate_limited'
        if (limited && connections.of(socket.conn).isEmpty) tooMany.set(socket, (error.retryAfterSeconds ?? 1) * 1_000)
        else refusal = refusalOf(error, requestId, context)
      }
      next(refusal)
    }
    runInRequest({ requestId, trace }, () => void decide())
  }

const admitSocket = (context: RealtimeContext, socket: Socket, userId: string): Promise<Admission> => {
  const { origin, host } = socket.handshake.headers
  return admitConnection(context, { userId, token: tokenOf(socket), origin, host })
}

const sendAway = (outlet: Outlet, retryAfterMs: number): void => {
  outlet.send(frameOf(frameType.sessionClosing, { code: closeCode.tooMany, retry_after_ms: retryAfterMs }))
  outlet.close(closeCode.tooMany)
}

/** Several namespaces on one connection are as many handshakes; the first one was counted with the connection. */
const countNamespaces = ({ limits, readAddress }: RealtimeContext): ((socket: Socket) => Promise<void>) => {
  const counted = new WeakSet<Socket['conn']>()
  return async ({ conn, request }) => {
    if (counted.has(conn)) await limits.countAddress(readAddress(request).key)
    counted.add(conn)
  }
}

/** A connection that asks for what there is not, the default namespace included, ends with the answer. */
const refuserOf =
  (connections: EngineConnections) =>
  ({ conn }: Socket): never => {
    setImmediate(() => connections.of(conn).end())
    throw new CairnError('not_found', { detail: 'There is no such namespace.' })
  }

/** What was admitted waits in `admissions` for its socket to be connected. */
const admitterOf = (
  context: RealtimeContext,
  connections: EngineConnections,
  admissions: WeakMap<Socket, Admission>,
): ((socket: Socket) => Promise<void>) => {
  const countNamespace = countNamespaces(context)
  const refuse = refuserOf(connections)
  return async socket => {
    const namespace = socket.nsp.name
    const engine = connections.of(socket.conn)
    try {
      const userId = userOfPath(namespace) ?? refuse(socket)
      await countNamespace(socket)
      const admission = await admitSocket(context, socket, userId)
      engine.entered(namespace, admission.connection)
      admissions.set(socket, admission)
      // It has served, and would be kept for as long as the socket lives.
      socket.handshake.auth = {}
    } catch (error) {
      engine.leave(namespace)
      throw error
    }
  }
}

/** A client that is told twice to connect asks twice: the first one is answered, and this one is forgotten. */
const onlyOnce =
  (connections: EngineConnections) =>
  (socket: Socket, next: Next): void => {
    if (connections.of(socket.conn).enter(socket.nsp.name)) next()
    else socket._cleanup()
  }

/** Of namespaces that are made when they are asked for; socket.io has it, and does not export its type. */
interface ParentNamespace extends Namespace {
  createChild(name: string): Namespace
}

/** What socket.io finds in the packet that asks for a namespace would keep that packet, and the token in it, for as long as the namespace is there. */
const nameThemAlone = (namespaces: ParentNamespace): void => {
  const create = namespaces.createChild.bind(namespaces)
  namespaces.createChild = name => create(ownText(name))
}

export const serveNamespaces = (io: Server, context: RealtimeContext, connections: EngineConnections): void => {
  const encode = createSocketIoEncoder()
  const admissions = new WeakMap<Socket, Admission>()
  const tooMany: TooMany = new WeakMap()
  io.use(handshake({ context, connections, tooMany }, async socket => refuserOf(connections)(socket)))
  const namespaces = io.of((_name, _auth, next) => next(null, true)) as ParentNamespace
  nameThemAlone(namespaces)
  namespaces.use(onlyOnce(connections))
  namespaces.use(handshake({ context, connections, tooMany }, admitterOf(context, connections, admissions)))
  namespaces.on('connection', socket => {
    const engine = connections.of(socket.conn)
    const outlet = new SocketIoOutlet(socket, engine, encode)
    const admission = admissions.get(socket)
    if (admission === undefined) {
      sendAway(outlet, tooMany.get(socket) ?? 0)
      return
    }
    const { connection, head } = admission
    // Alone, that is: when all of its connection ends, that is seen there.
    socket.once('disconnect', () => {
      engine.leave(socket.nsp.name)
      connection.gone()
    })
    socket.onAny((type: unknown, data: unknown, context_?: { traceparent?: unknown } | null) => {
      receiveFrame(context, connection, { type, data, traceparent: context_?.traceparent })
    })
    connection.attach(outlet, head)
    context.registry.closeExcess(connection.userId)
  })
}
