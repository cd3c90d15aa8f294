// A connection keeps nothing of the request it began with, whose URL has the token: heads of thousands would weigh more than
// what idle connections need. The node runs in this process, so that its objects can be counted.
import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { queryObjects } from 'node:v8'
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startNode, type TestNode } from './realtime-node.ts'
import { startStandIns, type StandIns } from './stand-ins.ts'

const connections = 20
const logs = captureLogs()
let nats: Awaited<ReturnType<typeof startTestBus>>
let others: StandIns
let node: TestNode

beforeAll(async () => {
  nats = await startTestBus()
  others = await startStandIns(nats.url, logs.loggerFor('stand-ins'))
  const environment = { FLIGHT_RECORDER_MAX_AGE_MS: '1000' }
  node = await startNode(nats.url, logs.loggerFor('realtime'), environment)
  await node.ready()
})
afterAll(async () => {
  await node.stop()
  await others.stop()
  await nats.stop()
})

/** After a collection of garbage. */
const requestsKept = (): number => queryObjects(IncomingMessage, { format: 'count' })

/** Without a client library, which has messages of its own. */
const open = async (): Promise<Socket> => {
  const { userId, token } = await others.signIn()
  const socket = connect(node.port, '127.0.0.1')
  const head = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key'
  socket.write(
    `GET /ws/user/${userId}?token=${token} HTTP/1.1\r\nhost: node\r\n${head}: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  let received = ''
  socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')))
  while (!received.includes('session.ready')) await once(socket, 'data')
  return socket
}

it('keeps no request', async () => {
  const before = requestsKept()
  const sockets = await Promise.all(Array.from({ length: connections }, open))
  await eventually(() => expect(requestsKept() - before).toBeLessThan(connections / 4), 10_000)
  expect(sockets.every(socket => !socket.destroyed)).toBe(true)
  for (const socket of sockets) socket.destroy()
})
