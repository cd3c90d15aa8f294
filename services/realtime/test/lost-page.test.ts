// A last page that is lost on the bus leaves no gap that a later one would show: the node itself compares with the head.
import { eventually } from '@cairn/testkit'
import { expect, it } from 'vitest'
import { plainDoor, type TestClient } from './doors.ts'
import { startScene } from './scene.ts'

it('comes to a client that asks for nothing', async () => {
  const scene = await startScene({ REALTIME_HEAD_CHECK_MS: '100' })
  const { others, node } = scene
  const { userId, token } = await others.signIn()
  const client = (await plainDoor.connect(node.url, userId, { token })) as TestClient
  await eventually(() => expect(client.frames).toHaveLength(1))
  others.commit(userId, 2)
  await eventually(() => expect(client.frames[1]).toMatchObject({ type: 'progress.changed', data: { to_seq: 2 } }))
  client.end()
  await scene.stop()
})
