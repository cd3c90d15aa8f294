// Bodies on their way: they take no room from requests that are there, and are bounded by themselves, by number and by bytes.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { CairnError, refreshSession } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { startEdge, type Edge } from './edge.ts'

let edge: Edge
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await edge.stop()
})

const post = (framing: string): string =>
  `POST /api/v1/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n${framing}\r\n\r\n`

/** A request that is sent so far, of which more may come. */
const begun = async (sent: string, localAddress = '127.0.0.1'): Promise<Socket> => {
  const socket = connect({ port: edge.gateway.port, host: '127.0.0.1', localAddress })
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write(sent)
  return socket
}
const slow = (localAddress?: string): Promise<Socket> => begun(post('content-length: 9000'), localAddress)
const answerTo = async (sent: string, localAddress?: string): Promise<string> => text(await begun(sent, localAddress))
const whole = `${post('content-length: 21')}{"refresh_token":"x"}`

describe('requests whose bodies are on their way', () => {
  it('take no room from those that are there', async () => {
    edge = await startEdge({ GATEWAY_MAX_IN_FLIGHT: '2' })
    edge.answer(refreshSession, () => Promise.reject(new CairnError('token_invalid')))
    for (let turn = 0; turn < 6; turn += 1) {
      await slow()
      // Then it has been looked at, and its body is waited for.
      await eventually(async () => expect(await answerTo(whole)).toMatch(/^HTTP\/1.1 401 /))
    }
    expect((await edge.call('/healthz')).status).toBe(200)
  })

  it('are bounded for each address, whose other requests go on', async () => {
    edge = await startEdge({ GATEWAY_MAX_RECEIVING_REQUESTS_PER_ADDRESS: '2' })
    const idle = [await slow(), await slow()]
    await eventually(async () =>
      expect(await answerTo(whole)).toMatch(/^HTTP\/1.1 429 [^]*"violated-policies":\["bodies"\]/),
    )
    expect((await edge.call('/healthz')).status).toBe(200)
    expect(await answerTo(whole, '127.0.0.2')).toMatch(/^HTTP\/1.1 503 [^]*"code":"unavailable"/)
    for (const socket of idle) socket.destroy()
    await eventually(async () => expect(await answerTo(whole)).toMatch(/^HTTP\/1.1 503 /))
  })

  it('are bounded in total', async () => {
    edge = await startEdge({ GATEWAY_MAX_RECEIVING_REQUESTS: '2' })
    for (const address of ['127.0.0.2', '127.0.0.3']) await slow(address)
    await eventually(async () => expect(await answerTo(whole)).toContain('Too much is being sent at once; try again.'))
  })
})

describe('the bytes of bodies', () => {
  const bounds = { GATEWAY_MAX_BODY_BYTES: '32768' }
  const most = { GATEWAY_MAX_HELD_BODY_BYTES_PER_ADDRESS: '65536' }

  it('are bounded for each address, from their arrival to their answer', async () => {
    edge = await startEdge({ ...bounds, ...most })
    const held: (() => void)[] = []
    edge.answer(
      refreshSession,
      () => new Promise((_resolve, reject) => held.push(() => reject(new CairnError('token_invalid')))),
    )
    const large = `${post('content-length: 30021')}{"refresh_token":"x"}${' '.repeat(30_000)}`
    const answers = [answerTo(large), answerTo(large)]
    await eventually(() => expect(held).toHaveLength(2))
    expect(await answerTo(large)).toMatch(/^HTTP\/1.1 429 [^]*"violated-policies":\["bodies"\]/)
    for (const release of held.splice(0)) release()
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1.1 401 /)
    const again = answerTo(large)
    await eventually(() => expect(held).toHaveLength(1))
    held[0]?.()
    expect(await again).toMatch(/^HTTP\/1.1 401 /)
  })

  it('are not all that a body takes: one in pieces of one byte is refused before it is large', async () => {
    edge = await startEdge({ ...bounds, ...most })
    expect(await answerTo(post('transfer-encoding: chunked') + '1\r\n \r\n'.repeat(2_000))).toMatch(/^HTTP\/1.1 429 /)
  })

  it('are enough for the largest body: a gateway that would never take it does not start', async () => {
    const started = startEdge({ GATEWAY_MAX_HELD_BODY_BYTES: '65536' })
    await expect(started).rejects.toThrow(
      'GATEWAY_MAX_HELD_BODY_BYTES: has to be at least twice GATEWAY_MAX_BODY_BYTES',
    )
    edge = await startEdge()
  })
})
