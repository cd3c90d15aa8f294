// A node whose memory for recent pages is full pushes every event all the same: what comes while a client is answered is read.
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doors, type TestClient } from './doors.ts'
import { startNode, type TestNode } from './realtime-node.ts'
import { epoch, startStandIns, type StandIns } from './stand-ins.ts'

describe.each(doors)('without memory for recent pages, over $name', door => {
  const logs = captureLogs()
  let nats: Awaited<ReturnType<typeof startTestBus>>
  let others: StandIns
  let node: TestNode

  beforeAll(async () => {
    nats = await startTestBus()
    others = await startStandIns(nats.url, logs.loggerFor('stand-ins'))
    // Full as soon as there is one page of it.
    node = await startNode(nats.url, logs.loggerFor('realtime'), { REALTIME_RECENT_BYTES: '1024' })
    await node.ready()
  })
  afterAll(async () => {
    await node.stop()
    await others.stop()
    await nats.stop()
  })

  it('gives what is committed while a resume is answered', async () => {
    const person = await others.signIn()
    others.commit(person.userId, 3)
    const client = (await door.connect(node.url, person.userId, { token: person.token })) as TestClient
    const sentTo = (): unknown[] =>
      client.frames.filter(({ type }) => type === 'progress.changed').map(({ data }) => data['to_seq'])
    await eventually(() => expect(client.frames).toHaveLength(1))
    const { promise, resolve: givePage } = Promise.withResolvers<void>()
    others.progress.pageAfter = promise
    const read = others.progress.pagesRead
    client.send('resume', { epoch, seq: 0 })
    await eventually(() => expect(others.progress.pagesRead).toBe(read + 1))
    others.publish(person.userId, others.commit(person.userId, 20))
    await others.bus.nats.flush()
    givePage()
    others.progress.pageAfter = undefined
    await eventually(() => expect(sentTo()).toEqual([3, 23]))
    client.end()
  })
})
