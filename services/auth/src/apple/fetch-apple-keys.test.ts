// Against a real server that misbehaves in the ways that matter: late, large, elsewhere, not a key set.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fetchAppleKeys } from './fetch-apple-keys.ts'

let rsa: object
let servers: Server[] = []

beforeAll(async () => {
  rsa = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)
})
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const serveWith = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
}

const answering = (body: unknown, status = 200): Promise<string> =>
  serveWith((_request, response) => response.writeHead(status).end(JSON.stringify(body)))

const fetchFrom = (url: string, timeoutMs = 5_000) => fetchAppleKeys({ url, timeoutMs })

describe('fetchAppleKeys', () => {
  it('takes RSA keys for signatures and leaves the rest', async () => {
    const keys = [
      { ...rsa, kid: 'a', use: 'sig', alg: 'RS256' },
      { ...rsa, kid: 'b' },
      { ...rsa, kid: 'encrypts', use: 'enc' },
      { ...rsa, kid: 'other', alg: 'RS512' },
      { ...rsa },
      { ...rsa, kid: 'x'.repeat(129) },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' },
    ]
    expect([...(await fetchFrom(await answering({ keys }))).keys()]).toEqual(['a', 'b'])
  })

  it.each([
    ['an error', { keys: [] }, 500],
    ['no keys', { keys: [] }, 200],
    ['no list', { keys: {} }, 200],
    ['too many keys', { keys: Array.from({ length: 33 }, () => ({})) }, 200],
    ['a large body', { keys: [], padding: 'x'.repeat(70_000) }, 200],
  ])('refuses %s', async (_name, body, status) => {
    await expect(fetchFrom(await answering(body, status))).rejects.toThrow()
  })

  it('follows no redirect', async () => {
    const target = await answering({ keys: [{ ...rsa, kid: 'a' }] })
    const url = await serveWith((_request, response) => response.writeHead(302, { location: target }).end())
    await expect(fetchFrom(url)).rejects.toThrow()
  })

  it('gives up in time on a server that hangs, before or within its answer', async () => {
    await expect(fetchFrom(await serveWith(() => undefined), 300)).rejects.toThrow('timeout')
    const url = await serveWith((_request, response) => {
      response.writeHead(200).write('{"keys":[')
    })
    await expect(fetchFrom(url, 300)).rejects.toThrow('timeout')
  })
})
