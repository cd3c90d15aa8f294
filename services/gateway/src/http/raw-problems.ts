// Answers to bytes that never became a request (malformed HTTP, too large a head, too slow): written to the socket by hand.
import type { Socket } from 'node:net'
import { CairnError, errorKinds, header, problemContentType, problemOf, type ErrorCode } from '@cairn/contracts'
import { newRequestId, type Logger } from '@cairn/runtime'

const codeOf = (nodeCode: string | undefined): ErrorCode => {
  if (nodeCode === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return nodeCode === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request'
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** Fastify's `clientErrorHandler`. The connection cannot be used any more afterwards. */
export const rawProblemHandler =
  (logger: Logger) =>
  (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const code = codeOf(error.code)
    const { status } = errorKinds[code]
    const requestId = newRequestId()
    const body = JSON.stringify(problemOf(new CairnError(code), requestId))
    logger.info({ request_id: requestId, status, parser: error.code }, 'unreadable request')
    socket.end(
      [
        `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}`,
        `content-type: ${problemContentType}`,
        `content-length: ${Buffer.byteLength(body)}`,
        `${header.requestId}: ${requestId}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    )
  }
