// CONNECT: a request like others, that leads nowhere, so that it is admitted, counted and logged like everything, and answered in its
// turn. Node hands over the whole connection with it: what it did for the connection until then is done here.
import { ServerResponse, type IncomingMessage, type Server } from 'node:http'
import { lingerThenClose } from './raw-answer.ts'
import type { Socket } from 'node:net'
import type { RequestsUnderWay } from './requests-under-way.ts'

export const refuseTunnel = (server: Server, request: IncomingMessage, underWay: RequestsUnderWay): void => {
  const { socket } = request
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.once('finish', () => {
    response.detachSocket(socket)
    response.destroy()
    socket.end()
    lingerThenClose(socket)
  })
  underWay.afterAnswers(socket, () => {
    if (!socket.destroyed) response.assignSocket(socket)
  })
  server.emit('request', request, response)
}

/** Node's `closeAllConnections` closes those that it knows; these are closed with them. */
export const closeWithAll = (server: Server, taken: ReadonlySet<Socket>): void => {
  const closeKnown = server.closeAllConnections.bind(server)
  server.closeAllConnections = () => {
    closeKnown()
    for (const socket of taken) socket.destroy()
  }
}

/** What Node did for the connection, and no longer does: it hears of its end, its faults and its silence, and drops what is sent. */
export const takeOver = ({ socket }: IncomingMessage, taken: Set<Socket>): void => {
  taken.add(socket)
  socket.on('error', () => socket.destroy())
  socket.on('timeout', () => socket.destroy())
  socket.once('close', () => taken.delete(socket))
  socket.resume()
}
