// A client that goes while its namespace waits for the head of its log leaves nothing behind.
import { once } from 'node:events'
import { eventually } from '@cairn/testkit'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { plainDoor, type TestClient } from './doors.ts'
import { startScene } from './scene.ts'

it('gives its place to the next one', async () => {
  const scene = await startScene({ REALTIME_MAX_CONNECTIONS: '1' })
  const { others, node } = scene
  const { userId, token } = await others.signIn()
  const { promise, resolve: giveHead } = Promise.withResolvers<void>()
  others.progress.headAfter = promise
  const socket = new WebSocket(`${node.url}/socket.io/?EIO=4&transport=websocket`)
  await once(socket, 'message')
  socket.send(`40/ws/user/${userId},${JSON.stringify({ token })}`)
  await eventually(() => expect(others.progress.headsAsked).toContain(userId))
  socket.terminate()
  // The door has room again: it has seen that the connection is over, before it is let in.
  await eventually(async () => {
    expect((await fetch(`${node.url}/socket.io/?EIO=4&transport=polling`)).status).toBe(200)
  })
  others.progress.headAfter = undefined
  giveHead()
  const next = await eventually(async () => {
    const result = await plainDoor.connect(node.url, userId, { token })
    expect(result).not.toHaveProperty('refused')
    return result as TestClient
  })
  next.end()
  await scene.stop()
})
