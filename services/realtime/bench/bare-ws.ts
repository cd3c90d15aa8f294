// Bare `ws`: what a push costs without anything around it. `POST /emit?perSecond=…&durationMs=…` sends its body to one socket
// after the other and answers with how many it sent. SIGUSR2 collects garbage; needs PORT and --expose-gc.
import { createServer } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import { serveEmissions } from './emissions.ts'

const sockets: WebSocket[] = []
const server = createServer()
const webSockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })
webSockets.on('connection', socket => {
  sockets.push(socket)
  socket.on('close', () => sockets.splice(sockets.indexOf(socket), 1))
})
serveEmissions(server, text => {
  let next = 0
  return () => sockets[next++ % sockets.length]?.send(text)
})
