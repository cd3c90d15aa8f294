// What is answered before any route is reached, preflights and URLs that cannot be read: admitted, counted and logged like everything.
import { CairnError, refreshSession } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { startEdge, type Edge } from './edge.ts'

const origin = 'https://app.example.com'
const allowed = { GATEWAY_ALLOWED_ORIGINS: origin }
let edge: Edge
afterEach(async () => {
  await edge.stop()
})

const ask = (...lines: readonly string[]): Promise<string> =>
  edge.raw([...lines, 'host: x', 'connection: close', '', ''].join('\r\n'))

const unanswerable = [
  ['a preflight', ['OPTIONS /api/v1/me HTTP/1.1', `origin: ${origin}`, 'access-control-request-method: GET'], 204],
  ['a URL that cannot be read', ['GET /%zz HTTP/1.1', `origin: ${origin}`], 400],
  ['a name that is too long', [`GET /api/v1/progress/tracks/${'x'.repeat(1_600)} HTTP/1.1`, `origin: ${origin}`], 400],
] as const

describe.each(unanswerable)('%s', (_what, lines, status) => {
  it('counts for its address, and a page can read that it was too much', async () => {
    edge = await startEdge({ ...allowed, GATEWAY_LIMIT_PER_ADDRESS: '3' })
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await ask(...lines)
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(answer).toMatch(new RegExp(`ratelimit: "address";r=${2 - turn};t=\\d+\r\n`))
    }
    const refused = await ask(...lines)
    expect(refused).toMatch(/^HTTP\/1.1 429 [^]*"violated-policies":\["address"\]/)
    expect(refused).toContain(`access-control-allow-origin: ${origin}\r\n`)
  })

  it('is one of a bounded number of requests at once', async () => {
    edge = await startEdge({ ...allowed, GATEWAY_MAX_IN_FLIGHT: '1' })
    const held: (() => void)[] = []
    edge.answer(
      refreshSession,
      () => new Promise((_resolve, reject) => held.push(() => reject(new CairnError('token_invalid')))),
    )
    const first = edge.call('/api/v1/auth/refresh', { method: 'POST', body: { refresh_token: 'x' } })
    await eventually(() => expect(held).toHaveLength(1))
    const refused = await ask(...lines)
    expect(refused).toMatch(/^HTTP\/1.1 503 [^]*"detail":"Too many requests at once; try again."/)
    expect(refused).toContain(`access-control-allow-origin: ${origin}\r\n`)
    held[0]?.()
    expect((await first).status).toBe(401)
  })

  it('has an id that leads to a line in the log, the proxy’s where one is trusted', async () => {
    edge = await startEdge({ ...allowed, TRUSTED_PROXIES: '127.0.0.1' })
    const answer = await ask(...lines, 'x-request-id: from-the-proxy')
    expect(answer).toMatch(/x-request-id: from-the-proxy\r\n/i)
    await eventually(() => {
      const line = edge.logs.lines.find(one => one.includes('"request_id":"from-the-proxy"'))
      expect(line).toContain(`"status":${status}`)
    })
  })
})

it.each(['/healthz', '/readyz'])('HEAD %s says what GET does, without a body', async path => {
  edge = await startEdge()
  await eventually(async () => expect((await edge.call(path)).status).toBe(200))
  const [head = '', ...body] = (await ask(`HEAD ${path} HTTP/1.1`)).split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1.1 200 [^]*x-request-id: /i)
  expect(body.join('')).toBe('')
})
