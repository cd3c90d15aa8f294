// Bare socket.io: what its own `emit` of the same data costs, in the default namespace. As bare-ws.ts otherwise.
import { createServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import { serveEmissions } from './emissions.ts'

const sockets: Socket[] = []
const server = createServer()
const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
io.on('connection', socket => {
  sockets.push(socket)
  socket.on('disconnect', () => sockets.splice(sockets.indexOf(socket), 1))
})
serveEmissions(server, text => {
  const [type, data, context] = JSON.parse(text) as [string, object, object]
  let next = 0
  return () => sockets[next++ % sockets.length]?.emit(type, data, context)
})
