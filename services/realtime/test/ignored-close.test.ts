// A socket.io client that neither enters a namespace nor takes the close that follows: it holds its place until it is cut off, which
// is soon.
import { eventually } from '@cairn/testkit'
import { expect, it } from 'vitest'
import { openRawSocket } from './raw-socket.ts'
import { startScene } from './scene.ts'

it('is cut off, and counted until then', async () => {
  const scene = await startScene({
    REALTIME_MAX_CONNECTIONS: '1',
    REALTIME_NAMESPACE_TIMEOUT_MS: '300',
    REALTIME_CLOSE_TIMEOUT_MS: '2000',
  })
  const knock = async (): Promise<number> =>
    (await fetch(`${scene.node.url}/socket.io/?EIO=4&transport=polling`)).status
  const raw = await openRawSocket(scene.node.port, '/socket.io/?EIO=4&transport=websocket')
  // A close frame without a reason.
  await raw.until('\u0088\u0000')
  expect(await knock()).toBe(503)
  await eventually(() => expect(raw.closed()).toBe(true))
  await eventually(async () => expect(await knock()).toBe(200))
  await scene.stop()
})
