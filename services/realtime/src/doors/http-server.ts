// The one port of both doors. It answers no HTTP but the probes and socket.io's polling; whatever is refused, the answer is a problem with ids.
// The URL is never logged: it may carry a token.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CairnError, header, type ErrorCode } from '@cairn/contracts'
import { readRequestIds } from '@cairn/edge'
import { continueTrace, newRequestId, runInRequest, type Logger } from '@cairn/runtime'
import { mostTcpConnections } from '../config.ts'
import type { RealtimeContext } from '../context.ts'
import { createThrottledWarning } from '../core/throttled-warning.ts'
import { answerHealth, createReadinessAnswer } from './health-answers.ts'
import { createPlainDoor } from './plain-door.ts'
import { endWithProblem, problemAnswer } from './problem-answer.ts'
import { createSocketIoDoor, socketIoPath, type SocketIoDoor } from './socket-io-door.ts'
import { readUpgradeRequest, userOfPath } from './upgrade-request.ts'
import { preflightHeaders, webHeaders } from './web-headers.ts'

const maxHeadBytes = 16_384
const receiveTimeoutMs = 10_000

/** Runs `work` as the request it is, with the id that its answer has. */
const inRequest = (
  { logger, readAddress }: RealtimeContext,
  { headers, socket }: IncomingMessage,
  work: (requestId: string) => void,
): void => {
  const { requestId, clientRequestId } = readRequestIds(headers, readAddress({ headers, socket }))
  const trace = continueTrace(headers[header.traceparent] as string | undefined)
  runInRequest({ requestId, trace }, () => {
    if (clientRequestId !== undefined)
      logger.debug({ client_request_id: clientRequestId }, 'a client names its request')
    work(requestId)
  })
}

/** What answers requests that are no upgrades. */
const createAnswerer = (
  context: RealtimeContext,
  socketIo: SocketIoDoor,
): ((request: IncomingMessage, response: ServerResponse, requestId: string) => void) => {
  const { config } = context
  const answerReadiness = createReadinessAnswer(context)

  const answer = async (request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> => {
    const [path, query] = (request.url ?? '').split('?', 2)
    // Left to Node, this answer would go out without ids.
    if (request.httpVersion === '1.1' && request.headers.host === undefined) {
      throw new CairnError('invalid_request', { detail: 'The Host header is missing.' })
    }
    const preflight = preflightHeaders(request, config.allowedOrigins)
    if (preflight !== undefined) response.writeHead(204, preflight).end()
    else if (path === '/healthz') answerHealth(response, requestId)
    else if (path === '/readyz') answerReadiness(response, requestId)
    else if (path === socketIoPath) {
      const refuse = (error: unknown): void => answerProblem(response, error, requestId)
      await socketIo.request(request, response, { query: new URLSearchParams(query), refuse })
    } else throw new CairnError('not_found')
  }
  const answerProblem = (response: ServerResponse, error: unknown, requestId: string): void => {
    const { problem, headers, body } = problemAnswer(error, requestId, context)
    response.writeHead(problem.status, headers)
    response.end(body)
  }
  return (request, response, requestId) => {
    response.setHeaders(new Headers(webHeaders(request, config.allowedOrigins)))
    response.setHeader(header.requestId, requestId)
    answer(request, response, requestId).catch((error: unknown) => answerProblem(response, error, requestId))
  }
}

const codeOfParserFault = (fault: string | undefined): ErrorCode => {
  if (fault === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return fault === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request'
}

export interface HttpDoors {
  readonly server: Server
  /** Cuts every connection that is left, upgraded or not. */
  close(): Promise<void>
}

/** `closeAllConnections` of Node's server knows nothing of upgraded sockets, and `close` waits for them for ever. */
const closerOf = (server: Server): (() => Promise<void>) => {
  const sockets = new Set<Socket>()
  // One for all sockets, as they live long.
  function forget(this: Socket): void {
    sockets.delete(this)
  }
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', forget)
  })
  return () =>
    new Promise(resolve => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
}

/** Made here, where there is no request that it would keep for as long as the socket lives. */
const failureLogger =
  (logger: Logger, requestId: string) =>
  (error: Error): void =>
    logger.debug({ error, request_id: requestId }, 'a connection failed')

/** Upgrades a connection, or throws. */
const createUpgrader = (context: RealtimeContext, socketIo: SocketIoDoor) => {
  const plain = createPlainDoor(context)
  return async (request: IncomingMessage, socket: Duplex, firstBytes: Buffer): Promise<void> => {
    const upgrade = readUpgradeRequest(request)
    const userId = userOfPath(upgrade.path)
    if (userId !== undefined) await plain.upgrade(request, { userId, upgrade, socket, firstBytes })
    else if (upgrade.path === socketIoPath) await socketIo.upgrade(request, { upgrade, socket, firstBytes })
    else throw new CairnError('not_found')
  }
}

/** Connections of whatever kind beyond the most are dropped unanswered: a connection that is answered is one more. */
const boundConnections = (server: Server, { config, logger }: RealtimeContext): void => {
  server.maxConnections = mostTcpConnections(config)
  const warn = createThrottledWarning({
    logger,
    message: 'dropped a TCP connection beyond REALTIME_MAX_TCP_CONNECTIONS',
    intervalMs: config.warningIntervalMs,
  })
  server.on('drop', () => warn())
}

/** Builds the server with both doors; it does not listen yet. */
export const createHttpServer = (context: RealtimeContext): HttpDoors => {
  const { config, logger } = context
  const socketIo = createSocketIoDoor(context)
  const answer = createAnswerer(context, socketIo)
  const upgrade = createUpgrader(context, socketIo)

  const server = createServer({
    maxHeaderSize: maxHeadBytes,
    headersTimeout: receiveTimeoutMs,
    requestTimeout: receiveTimeoutMs,
    requireHostHeader: false,
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  })
  boundConnections(server, context)
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    inRequest(context, request, requestId => answer(request, response, requestId))
  const refuse = (socket: Duplex, error: unknown, asked?: { request: IncomingMessage; requestId: string }): void => {
    const answered = problemAnswer(error, asked?.requestId ?? newRequestId(), context)
    endWithProblem(socket, answered, webHeaders(asked?.request, config.allowedOrigins))
  }
  server.on('request', onRequest)
  // An expectation we do not know is ignored (RFC 9110, 10.1.1); Node's own 417 would go out without ids.
  server.on('checkExpectation', onRequest)
  server.on('upgrade', (request, socket, firstBytes) =>
    inRequest(context, request, requestId => {
      socket.on('error', failureLogger(logger, requestId))
      upgrade(request, socket, firstBytes).catch((error: unknown) => refuse(socket, error, { request, requestId }))
    }),
  )
  // A tunnel, which Node would close without a word.
  server.on('connect', (request, socket) =>
    inRequest(context, request, requestId => {
      socket.on('error', failureLogger(logger, requestId))
      refuse(socket, new CairnError('not_found'), { request, requestId })
    }),
  )
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy()
    else refuse(socket, new CairnError(codeOfParserFault(error.code)))
  })
  const cutAll = closerOf(server)
  const close = (): Promise<void> => {
    socketIo.close()
    return cutAll()
  }
  return { server, close }
}
