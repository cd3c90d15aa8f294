// A connection keeps nothing of the request it began with, whose URL has the token, nor of the packet that names its namespace:
// those of thousands would weigh more than what idle connections need. The node runs in this process, so that its objects can be counted.
import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { getHeapSnapshot, queryObjects } from 'node:v8'
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startScene, type Scene } from './scene.ts'

const connections = 20
let scene: Scene

beforeAll(async () => {
  scene = await startScene({
    FLIGHT_RECORDER_MAX_AGE_MS: '1000',
    REALTIME_MAX_FRAME_BYTES: '100000',
    REALTIME_HANDSHAKES_PER_ADDRESS: '1000',
  })
})
afterAll(() => scene.stop())

/** After a collection of garbage. */
const requestsKept = (): number => queryObjects(IncomingMessage, { format: 'count' })

/** Writes `frame` as a WebSocket client would, with a mask of zeros. */
const writeText = (socket: Socket, frame: string): void => {
  const length = Buffer.alloc(4)
  length.writeUInt8(0x81, 0)
  length.writeUInt8(0xfe, 1)
  length.writeUInt16BE(frame.length, 2)
  socket.write(Buffer.concat([length, Buffer.alloc(4), Buffer.from(frame)]))
}

/** Without a client library, which has messages of its own. */
const upgrade = async (path: string, hears: string): Promise<Socket> => {
  const socket = connect(scene.node.port, '127.0.0.1')
  const head = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key'
  socket.write(`GET ${path} HTTP/1.1\r\nhost: node\r\n${head}: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
  await hear(socket, hears)
  return socket
}

const hear = async (socket: Socket, wanted: string): Promise<void> => {
  let received = ''
  while (!received.includes(wanted)) received += ((await once(socket, 'data')) as [Buffer])[0].toString('latin1')
}

const doors: [string, () => Promise<Socket>][] = [
  [
    'the plain door',
    async () => {
      const { userId, token } = await scene.others.signIn()
      return upgrade(`/ws/user/${userId}?token=${token}`, 'session.ready')
    },
  ],
  [
    "socket.io's door",
    async () => {
      const { userId, token } = await scene.others.signIn()
      const socket = await upgrade(`/socket.io/?EIO=4&transport=websocket&token=${token}`, '"sid"')
      const ready = hear(socket, 'session.ready')
      writeText(socket, `40/ws/user/${userId},${JSON.stringify({ token })}`)
      await ready
      return socket
    },
  ],
]

it.each(doors)('keeps no request of %s', async (_name, open) => {
  const before = requestsKept()
  const sockets = await Promise.all(Array.from({ length: connections }, open))
  await eventually(() => expect(requestsKept() - before).toBeLessThan(connections / 4), 10_000)
  expect(sockets.map(socket => socket.destroyed)).toEqual(sockets.map(() => false))
  for (const socket of sockets) socket.destroy()
})

/** Of all texts in the heap, after a collection of garbage. */
const textsKept = async (pattern: RegExp): Promise<number> => {
  const kept = new Set((await text(getHeapSnapshot())).match(pattern))
  return kept.size
}

it('keeps no text of what it began with, of which its token was a part', async () => {
  let count = 0
  const marker = (): string => `marker-${(count += 1)}-end`
  const openPlain = async (): Promise<Socket> => {
    const { userId, token } = await scene.others.signIn()
    return upgrade(`/ws/user/${userId}?of=${marker()}&token=${token}`, 'session.ready')
  }
  const openSocketIo = async (): Promise<Socket> => {
    const { userId, token } = await scene.others.signIn()
    const socket = await upgrade(`/socket.io/?EIO=4&transport=websocket&of=${marker()}&token=${token}`, '"sid"')
    const ready = hear(socket, 'session.ready')
    writeText(socket, `40/ws/user/${userId},${JSON.stringify({ of: marker() })}`)
    await ready
    return socket
  }
  const sockets = await Promise.all(Array.from({ length: 10 }, () => [openPlain(), openSocketIo()]).flat())
  // The records of handshakes are kept for a second.
  await eventually(async () => expect(await textsKept(/marker-\d+-end/g)).toBeLessThan(3), 15_000)
  for (const socket of sockets) socket.destroy()
}, 30_000)
