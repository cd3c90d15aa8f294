// From polling to WebSocket: nobody has shown who they are by then, so one connection takes no more than any other would.
import { eventually } from '@cairn/testkit'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openRawSocket, textFrame } from './raw-socket.ts'
import { startScene, type Scene } from './scene.ts'

const engine = '/socket.io/?EIO=4'

let scene: Scene
const sockets: { terminate(): void }[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await scene.stop()
})

/** The status of a new connection's first poll. */
const knock = async (): Promise<number> => (await fetch(`${scene.node.url}${engine}&transport=polling`)).status

const beginPolling = async (): Promise<string> => {
  const answer = await fetch(`${scene.node.url}${engine}&transport=polling`)
  return /"sid":"([^"]+)"/.exec(await answer.text())?.[1] ?? ''
}

type Outcome = { readonly socket: WebSocket } | { readonly status: number; readonly problem: unknown }

const upgrade = (sid: string): Promise<Outcome> => {
  const socket = new WebSocket(`${scene.node.url}${engine}&transport=websocket&sid=${sid}`)
  sockets.push(socket)
  // Of one that is terminated before it was open.
  socket.on('error', () => undefined)
  return new Promise(resolve => {
    socket.on('open', () => resolve({ socket }))
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, problem: JSON.parse(body) }))
    })
  })
}
const upgraded = async (sid: string): Promise<WebSocket> => {
  const outcome = await upgrade(sid)
  if (!('socket' in outcome)) throw new Error(`refused: ${outcome.status}`)
  return outcome.socket
}
const statusOf = async (sid: string): Promise<number> => {
  const outcome = await upgrade(sid)
  return 'socket' in outcome ? 101 : outcome.status
}

/** As a client does: the WebSocket takes the place of polling. */
const finish = async (socket: WebSocket): Promise<void> => {
  const probed = new Promise(resolve => socket.once('message', resolve))
  socket.send('2probe')
  await probed
  socket.send('5')
}

it('is done once at a time, and again only after the last attempt has ended', async () => {
  scene = await startScene()
  const sid = await beginPolling()
  const first = await upgraded(sid)
  const refused = await Promise.all(Array.from({ length: 20 }, () => upgrade(sid)))
  for (const outcome of refused) {
    expect(outcome).toMatchObject({ status: 400, problem: { code: 'invalid_request', request_id: expect.any(String) } })
  }
  first.terminate()
  const second = await eventually(() => upgraded(sid))
  await finish(second)
  await eventually(async () => {
    expect(await upgrade(sid)).toMatchObject({ problem: { detail: 'This connection is a WebSocket already.' } })
  })
  expect(second.readyState).toBe(WebSocket.OPEN)
})

it('is one of those that come at the same time', async () => {
  scene = await startScene()
  const sid = await beginPolling()
  const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(sid)))
  expect(statuses.filter(status => status === 101)).toHaveLength(1)
})

it('takes a place until the WebSocket has that of polling, or is gone', async () => {
  scene = await startScene({ REALTIME_MAX_CONNECTIONS: '2' })
  const sid = await beginPolling()
  const first = await upgraded(sid)
  expect(await knock()).toBe(503)
  first.terminate()
  const second = await eventually(() => upgraded(sid))
  expect(await knock()).toBe(503)
  await finish(second)
  await eventually(async () => expect(await knock()).toBe(200))
  expect(await knock()).toBe(503)
})

it('is refused without a place, and the connection goes on', async () => {
  scene = await startScene({ REALTIME_MAX_CONNECTIONS: '1' })
  const sid = await beginPolling()
  expect(await statusOf(sid)).toBe(503)
  const posted = await fetch(`${scene.node.url}${engine}&transport=polling&sid=${sid}`, { method: 'POST', body: '3' })
  expect(posted.status).toBe(200)
})

it('is a handshake of its address', async () => {
  scene = await startScene({ REALTIME_HANDSHAKES_PER_ADDRESS: '2' })
  const sid = await beginPolling()
  const first = await upgraded(sid)
  first.terminate()
  await eventually(async () => expect(await statusOf(sid)).toBe(429))
})

it('is cut off when it goes wrong and the client ignores the close, and counted until then', async () => {
  scene = await startScene({ REALTIME_MAX_CONNECTIONS: '2', REALTIME_CLOSE_TIMEOUT_MS: '1500' })
  const sid = await beginPolling()
  const raw = await openRawSocket(scene.node.port, `${engine}&transport=websocket&sid=${sid}`)
  sockets.push({ terminate: () => raw.socket.destroy() })
  // A probe comes first.
  raw.socket.write(textFrame('4'))
  await raw.until('\u0088')
  expect(await knock()).toBe(503)
  await eventually(() => expect(raw.closed()).toBe(true))
  await eventually(async () => expect(await knock()).toBe(200))
})
