// Whatever is sent, no answer is a 5xx, each has its ids and is one that `openapi.yaml` allows for. A short run by default;
// FUZZ_REQUESTS=20000 makes it a long one, FUZZ_SEED repeats one.
import { randomInt } from 'node:crypto'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { contract, signInAsGuest } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fuzzBytes, fuzzRequest, type FuzzRequest } from './fuzz/requests.ts'

const requests = Number(process.env['FUZZ_REQUESTS'] ?? 600)
const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31))
const atOnce = 8
const onTheSocket = Math.ceil(requests / 10)
const timeout = 30_000 + requests * 40

let stack: Stack
let token: string
const agent = new Agent({ keepAlive: true, maxSockets: atOnce })

beforeAll(async () => {
  stack = await startStack()
  token = (await signInAsGuest(stack)).access_token
  process.stdout.write(`fuzz: ${requests} requests, FUZZ_SEED=${seed}\n`)
})
afterAll(async () => {
  agent.destroy()
  await stack.stop()
})

interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

const send = ({ method, path, headers, body, authorised }: FuzzRequest): Promise<Seen> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(stack.gatewayUrl)
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const given = { ...(authorised ? { authorization: `Bearer ${token}` } : {}), ...headers, ...length }
    const sent = request({ agent, hostname, port, method, path, headers: given }, response => {
      text(response)
        .then(answer => {
          const pairs = Object.entries(response.headersDistinct).map(([name, values = []]) => [name, values.join(', ')])
          const parsed: unknown = answer === '' ? undefined : JSON.parse(answer)
          return resolve({
            status: response.statusCode ?? 0,
            headers: new Headers(pairs as [string, string][]),
            body: parsed,
          })
        })
        .catch(reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })

/** Who was deleted, or signed out, by a request before comes back as somebody else. */
const renew = async (): Promise<void> => {
  const me = await send({ method: 'GET', path: '/api/v1/me', headers: {}, body: undefined, authorised: true })
  if (me.status === 401) token = (await signInAsGuest(stack)).access_token
}

const judge = (asked: FuzzRequest, { status, headers, body }: Seen): void => {
  // With all of it, since what was sent is what one wants to know.
  expect({ asked, body, fine: status < 500 }).toMatchObject({ fine: true })
  expect(headers.get('x-request-id')).toMatch(/^[\w-]{22}$/)
  const path = asked.path.split('?', 1)[0] ?? ''
  contract.check({ method: asked.method, path, status, headers, body })
}

describe('whatever is sent', () => {
  it('as a request is answered as openapi.yaml says, and never 5xx', { timeout }, async () => {
    const all = fc.sample(fuzzRequest, { numRuns: requests - onTheSocket, seed })
    const statuses = new Map<number, number>()
    for (let from = 0; from < all.length; from += atOnce) {
      await renew()
      await Promise.all(
        all.slice(from, from + atOnce).map(async asked => {
          const seen = await send(asked)
          judge(asked, seen)
          statuses.set(seen.status, (statuses.get(seen.status) ?? 0) + 1)
        }),
      )
    }
    // It got past the first check, in other words.
    for (const status of [200, 204, 400, 401, 415]) expect(statuses.get(status) ?? 0).toBeGreaterThan(0)
  })

  it('as bytes on the socket gets ids, or no answer at all, and never 5xx', { timeout }, async () => {
    const port = Number(new URL(stack.gatewayUrl).port)
    let answered = 0
    for (const bytes of fc.sample(fuzzBytes, { numRuns: onTheSocket, seed })) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(bytes))
      const answer = await text(socket)
      const heads = answer.split(/(?=^HTTP\/1\.1 )/m).filter(part => part.startsWith('HTTP/1.1 '))
      for (const head of heads) {
        // 100 is no answer yet.
        if (head.startsWith('HTTP/1.1 100 ')) continue
        const fine = /^HTTP\/1\.1 [234]\d\d [^]*x-request-id: [\w-]{22}\r\n/i.test(head)
        expect({ sent: bytes.toString('base64'), head, fine }).toMatchObject({ fine: true })
        answered += 1
      }
    }
    expect(answered).toBeGreaterThan(onTheSocket / 4)
  })

  it('the gateway lives', async () => {
    expect((await fetch(`${stack.gatewayUrl}/readyz`)).status).toBe(200)
  })
})
