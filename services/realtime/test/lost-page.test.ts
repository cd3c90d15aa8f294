// A last page that is lost on the bus leaves no gap that a later one would show: the node itself compares with the head.
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { expect, it } from 'vitest'
import { plainDoor, type TestClient } from './doors.ts'
import { startNode } from './realtime-node.ts'
import { startStandIns } from './stand-ins.ts'

it('comes to a client that asks for nothing', async () => {
  const logs = captureLogs()
  const nats = await startTestBus()
  const others = await startStandIns(nats.url, logs.loggerFor('stand-ins'))
  const node = await startNode(nats.url, logs.loggerFor('realtime'), { REALTIME_HEAD_CHECK_MS: '100' })
  await node.ready()
  const { userId, token } = await others.signIn()
  const client = (await plainDoor.connect(node.url, userId, { token })) as TestClient
  await eventually(() => expect(client.frames).toHaveLength(1))
  others.commit(userId, 2)
  await eventually(() => expect(client.frames[1]).toMatchObject({ type: 'progress.changed', data: { to_seq: 2 } }))
  client.end()
  await node.stop()
  await others.stop()
  await nats.stop()
})
