// What an exchange makes of every answer, among them those that Apple should not give.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { exchangeCode } from './exchange-code.ts'

const exchange = async (answer: RequestListener, timeoutMs = 5_000): Promise<string | undefined> => {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/token`
  try {
    return await exchangeCode({ url, timeoutMs, clientId: 'app', clientSecret: 'secret', code: 'a code+&' })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
const saying =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status).end(body)

describe('exchanging a code', () => {
  it('sends the form and takes the refresh token', async () => {
    let sent = ''
    const token = await exchange((request, response) => {
      request.on('data', (chunk: Buffer) => (sent += chunk.toString()))
      request.on('end', () => response.end(JSON.stringify({ refresh_token: 'token', id_token: 'x' })))
    })
    expect(token).toBe('token')
    expect(Object.fromEntries(new URLSearchParams(sent))).toEqual({
      client_id: 'app',
      client_secret: 'secret',
      code: 'a code+&',
      grant_type: 'authorization_code',
    })
  })

  it('gives up a code that Apple does not take', async () => {
    expect(await exchange(saying(400, JSON.stringify({ error: 'invalid_grant' })))).toBeUndefined()
  })

  it.each<[string, RequestListener]>([
    ['a fault of Apple', saying(500, '{}')],
    ['too many calls', saying(429, '{}')],
    ['a fault of the client', saying(400, JSON.stringify({ error: 'invalid_client' }))],
    ['no JSON', saying(200, '<html>')],
    ['no token', saying(200, '{}')],
    ['a token that is a number', saying(200, '{"refresh_token":5}')],
    ['a token without end', saying(200, JSON.stringify({ refresh_token: 'x'.repeat(5_000) }))],
    ['five megabytes', saying(200, JSON.stringify({ refresh_token: 'token', more: 'x'.repeat(5_000_000) }))],
    ['another place', (_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['silence', () => undefined],
  ])('fails for now on %s, soon', async (_name, answer) => {
    const startedAt = performance.now()
    await expect(exchange(answer, 300)).rejects.toThrow()
    expect(performance.now() - startedAt).toBeLessThan(1_500)
  })
})
