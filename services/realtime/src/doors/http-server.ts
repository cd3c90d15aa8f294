// The one port of both doors. It answers no HTTP but the probes and socket.io's polling; whatever is refused, the answer is a problem with ids.
// The URL is never logged: it may carry a token.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CairnError, header, type ErrorCode } from '@cairn/contracts'
import { continueTrace, currentRequest, newRequestId, runInRequest, type Logger } from '@cairn/runtime'
import type { RealtimeContext } from '../context.ts'
import { createPlainDoor } from './plain-door.ts'
import { endWithProblem, problemAnswer } from './problem-answer.ts'
import { createSocketIoDoor, socketIoPath, type SocketIoDoor } from './socket-io-door.ts'
import { readUpgradeRequest, userOfPath } from './upgrade-request.ts'

const maxHeadBytes = 16_384
const receiveTimeoutMs = 10_000

const answerJson = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

const answerProblem = (response: ServerResponse, error: unknown, { incidents }: RealtimeContext): void => {
  const requestId = currentRequest()?.requestId ?? newRequestId()
  const { problem, headers, body } = problemAnswer(error, requestId, incidents)
  response.writeHead(problem.status, headers)
  response.end(body)
}

const answerRequest = async (
  context: RealtimeContext,
  socketIo: SocketIoDoor,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> => {
  const requestId = currentRequest()?.requestId
  const [path, query] = (request.url ?? '').split('?', 2)
  // Left to Node, this answer would go out without ids.
  if (request.httpVersion === '1.1' && request.headers.host === undefined) {
    throw new CairnError('invalid_request', { detail: 'The Host header is missing.' })
  }
  const report = context.health.report()
  if (path === '/healthz') answerJson(response, 200, { status: 'ok', request_id: requestId })
  else if (path === '/readyz') answerJson(response, report.ready ? 200 : 503, { ...report, request_id: requestId })
  else if (path === socketIoPath) await socketIo.request(request, response, new URLSearchParams(query))
  else throw new CairnError('not_found')
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
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
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

/** Builds the server with both doors; it does not listen yet. */
export const createHttpServer = (context: RealtimeContext): HttpDoors => {
  const { logger, incidents } = context
  const plain = createPlainDoor(context)
  const socketIo = createSocketIoDoor(context)

  const upgradeRequest = async (request: IncomingMessage, socket: Duplex, firstBytes: Buffer): Promise<void> => {
    const upgrade = readUpgradeRequest(request)
    const userId = userOfPath(upgrade.path)
    if (userId !== undefined) await plain.upgrade(request, { userId, upgrade, socket, firstBytes })
    else if (upgrade.path === socketIoPath) await socketIo.upgrade(request, { upgrade, socket, firstBytes })
    else throw new CairnError('not_found')
  }

  const server = createServer({
    maxHeaderSize: maxHeadBytes,
    headersTimeout: receiveTimeoutMs,
    requestTimeout: receiveTimeoutMs,
    requireHostHeader: false,
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  })
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const requestId = newRequestId()
    const trace = continueTrace(request.headers[header.traceparent] as string | undefined)
    response.setHeader(header.requestId, requestId)
    runInRequest({ requestId, trace }, () => {
      answerRequest(context, socketIo, { request, response }).catch((error: unknown) => {
        answerProblem(response, error, context)
      })
    })
  }
  server.on('request', onRequest)
  // An expectation we do not know is ignored (RFC 9110, 10.1.1); Node's own 417 would go out without ids.
  server.on('checkExpectation', onRequest)
  server.on('upgrade', (request, socket, firstBytes) => {
    const requestId = newRequestId()
    const trace = continueTrace(request.headers[header.traceparent] as string | undefined)
    socket.on('error', failureLogger(logger, requestId))
    runInRequest({ requestId, trace }, () => {
      upgradeRequest(request, socket, firstBytes).catch((error: unknown) => {
        endWithProblem(socket, problemAnswer(error, requestId, incidents))
      })
    })
  })
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy()
    else endWithProblem(socket, problemAnswer(new CairnError(codeOfParserFault(error.code)), newRequestId(), incidents))
  })
  const cutAll = closerOf(server)
  const close = (): Promise<void> => {
    socketIo.close()
    return cutAll()
  }
  return { server, close }
}
