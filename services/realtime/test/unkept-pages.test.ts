// A node whose memory for recent pages is full pushes every event all the same: what comes while a client is answered is read.
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doors, type TestClient } from './doors.ts'
import { startScene, type Scene } from './scene.ts'
import { epoch } from './stand-ins.ts'

describe.each(doors)('without memory for recent pages, over $name', door => {
  let scene: Scene

  beforeAll(async () => {
    // Full as soon as there is one page of it.
    scene = await startScene({ REALTIME_RECENT_BYTES: '1024' })
  })
  afterAll(() => scene.stop())

  it('gives what is committed while a resume is answered', async () => {
    const person = await scene.others.signIn()
    scene.others.commit(person.userId, 3)
    const client = (await door.connect(scene.node.url, person.userId, { token: person.token })) as TestClient
    const sentTo = (): unknown[] =>
      client.frames.filter(({ type }) => type === 'progress.changed').map(({ data }) => data['to_seq'])
    await eventually(() => expect(client.frames).toHaveLength(1))
    const { promise, resolve: givePage } = Promise.withResolvers<void>()
    scene.others.progress.pageAfter = promise
    const read = scene.others.progress.pagesRead
    client.send('resume', { epoch, seq: 0 })
    await eventually(() => expect(scene.others.progress.pagesRead).toBe(read + 1))
    scene.others.publish(person.userId, scene.others.commit(person.userId, 20))
    await scene.others.bus.nats.flush()
    givePage()
    scene.others.progress.pageAfter = undefined
    await eventually(() => expect(sentTo()).toEqual([3, 23]))
    client.end()
  })
})
