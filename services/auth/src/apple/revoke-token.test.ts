// What a revocation sends, and which answers count.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { revokeToken } from './revoke-token.ts'

const revoke = async (answer: RequestListener, timeoutMs = 5_000): Promise<void> => {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/revoke`
  try {
    await revokeToken({ url, timeoutMs, clientId: 'app', clientSecret: 'secret', token: 'a token+&' })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe('revoking a token', () => {
  it('sends the form', async () => {
    let sent = ''
    await revoke((request, response) => {
      request.on('data', (chunk: Buffer) => (sent += chunk.toString()))
      request.on('end', () => response.end())
    })
    expect(Object.fromEntries(new URLSearchParams(sent))).toEqual({
      client_id: 'app',
      client_secret: 'secret',
      token: 'a token+&',
      token_type_hint: 'refresh_token',
    })
  })

  it.each<[string, RequestListener]>([
    ['a fault of Apple', (_request, response) => void response.writeHead(500).end()],
    ['a fault of the client', (_request, response) => void response.writeHead(400).end('{"error":"invalid_client"}')],
    ['another place', (_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['five megabytes', (_request, response) => void response.end('x'.repeat(5_000_000))],
    ['silence', () => undefined],
  ])('fails for now on %s, soon', async (_name, answer) => {
    const startedAt = performance.now()
    await expect(revoke(answer, 300)).rejects.toThrow()
    expect(performance.now() - startedAt).toBeLessThan(1_500)
  })
})
