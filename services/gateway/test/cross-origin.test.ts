// Web pages: those of listed origins may read every answer, refusals too; no other page learns anything.
import { readMe, refreshSession, signInAsGuest, CairnError } from '@cairn/contracts'
import { ConfigError, readEnvironment } from '@cairn/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gatewayVariables } from '../src/config.ts'
import { startGateway } from '../src/service.ts'
import { startEdge, type Edge } from './edge.ts'

const origin = 'https://app.example.com'
let edge: Edge
let guests = 0

beforeAll(async () => {
  edge = await startEdge({
    GATEWAY_ALLOWED_ORIGINS: `${origin},http://localhost:3000`,
    GATEWAY_LIMIT_NOTIFICATIONS_PER_ADDRESS: '1',
  })
  edge.answer(readMe, () => Promise.reject(new Error('broken')))
  edge.answer(refreshSession, () => Promise.reject(new CairnError('token_invalid')))
  edge.answer(signInAsGuest, () => {
    guests += 1
    return Promise.reject(new CairnError('unavailable'))
  })
})
afterAll(async () => {
  await edge.stop()
})

/** `fetch` does not let us choose Origin as freely as an attacker may. */
const rawHead = async (lines: readonly string[]): Promise<string> =>
  (await edge.raw([...lines, 'connection: close', '', ''].join('\r\n'))).toLowerCase()

const preflight = (from: string, asked: readonly string[] = []): Promise<string> =>
  rawHead(['OPTIONS /api/v1/me HTTP/1.1', 'host: x', `origin: ${from}`, 'access-control-request-method: GET', ...asked])

describe('a page of a listed origin', () => {
  it.each([
    ['404', '/nowhere', {}],
    ['401', '/api/v1/me', {}],
    ['413', '/api/v1/auth/refresh', { method: 'POST', body: 'x'.repeat(1_100_000) }],
    ['415', '/api/v1/auth/refresh', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }],
    ['400', '/api/v1/auth/refresh', { method: 'POST', body: {} }],
    ['400', '/api/v1/%zz', {}],
    ['503', '/api/v1/auth/guest', { method: 'POST' }],
  ] as const)('can read a %s', async (status, path, options) => {
    const headers = { ...('headers' in options ? options.headers : {}), origin }
    const answer = await edge.call(path, { ...options, headers })
    expect(answer.status).toBe(Number(status))
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    expect(answer.headers.get('vary')).toBe('Origin')
  })

  it('can read a 500 and a 429', async () => {
    const broken = await edge.call('/api/v1/me', { token: edge.token(crypto.randomUUID()), headers: { origin } })
    expect(broken).toMatchObject({ status: 500 })
    expect(broken.headers.get('access-control-allow-origin')).toBe(origin)
    const notify = () =>
      edge.call('/api/v1/auth/apple/notifications', { method: 'POST', body: { payload: 'x' }, headers: { origin } })
    await notify()
    const limited = await notify()
    expect(limited).toMatchObject({ status: 429, body: { 'violated-policies': ['notifications'] } })
    expect(limited.headers.get('access-control-allow-origin')).toBe(origin)
  })

  it('is told what it may send, and what it asked for beyond that is not among it', async () => {
    const head = await preflight(origin, ['access-control-request-headers: x-evil, authorization'])
    expect(head).toMatch(/^http\/1.1 204 /)
    expect(head).toContain(`access-control-allow-origin: ${origin}\r\n`)
    expect(head).toContain('access-control-allow-methods: get, post, delete\r\n')
    expect(head).toMatch(/access-control-allow-headers: authorization, content-type, if-none-match/)
    expect(head).toContain('access-control-max-age: 600\r\n')
    expect(head).toMatch(/x-request-id: [\w-]{22}/)
    expect(head).not.toContain('x-evil')
    expect(head).not.toMatch(/access-control-allow-methods: .*(put|patch)/)
  })
})

describe('any other page', () => {
  it.each([
    'https://evil.example',
    'null',
    'https://app.example.com.evil.example',
    'https://sub.app.example.com',
    'https://APP.example.com',
    'https://app.example.com:443',
    'http://app.example.com',
    `${origin}, https://evil.example`,
    `${origin}\r\norigin: https://evil.example`,
  ])('%j is told nothing', async from => {
    for (const head of [
      await preflight(from),
      await rawHead(['GET /healthz HTTP/1.1', 'host: x', `origin: ${from}`]),
      await rawHead(['GET /%zz HTTP/1.1', 'host: x', `origin: ${from}`]),
    ]) {
      expect(head).not.toContain('access-control-')
      expect(head).toContain('vary: origin\r\n')
      expect(head).toMatch(/x-request-id: [\w-]{22}/)
    }
  })

  it('cannot have a form sent with our user’s cookies do anything', async () => {
    const before = guests
    const answer = await edge.call('/api/v1/auth/guest', {
      method: 'POST',
      body: '{}',
      headers: { origin: 'https://evil.example', cookie: 'session=1', 'content-type': 'text/plain' },
    })
    expect(answer.status).toBe(415)
    expect(guests).toBe(before)
  })
})

describe('the list', () => {
  const start = (environment: Record<string, string>) => () =>
    startGateway(readEnvironment(gatewayVariables, { ...edge.environment, ...environment }), edge.logs.loggerFor('x'))

  it.each(['*', 'null', 'https://app.example.com/'])('with %s stops the start, everywhere', async value => {
    expect(start({ GATEWAY_ALLOWED_ORIGINS: value })).toThrow('GATEWAY_ALLOWED_ORIGINS is malformed')
  })

  it('with plain http stops the start in production', async () => {
    const refused = start({ NODE_ENV: 'production', GATEWAY_ALLOWED_ORIGINS: 'http://localhost:3000' })
    await expect(refused()).rejects.toThrow(ConfigError)
  })

  it('is empty by default: then no page is allowed', async () => {
    const other = await edge.another({ GATEWAY_ALLOWED_ORIGINS: '' })
    const answer = await fetch(`${other.url}/healthz`, { headers: { origin } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })
})
