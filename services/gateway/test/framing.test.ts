// What a proxy in front may understand otherwise than the gateway is refused: framing, codings, charsets.
import { refreshSession, signInAsGuest, submitEvents } from '@cairn/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { session } from './a-session.ts'
import { startEdge, type Edge } from './edge.ts'

const userId = '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'

let edge: Edge
let guests = 0
beforeAll(async () => {
  edge = await startEdge()
  edge.answer(signInAsGuest, async () => {
    guests += 1
    return session
  })
  edge.answer(refreshSession, async () => session)
})
afterAll(async () => {
  await edge.stop()
})

const signIn = 'POST /api/v1/auth/guest HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'

describe('framing', () => {
  it.each([
    ['two hosts', 'GET /healthz HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n'],
    ['the same host twice', 'GET /nowhere HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n'],
    ['another coding before chunked', `${signIn}transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    [
      'codings in two headers',
      `${signIn}transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    ],
  ])('of %s is 400, and the connection ends', async (_what, bytes) => {
    expect(await edge.raw(bytes)).toMatch(/^HTTP\/1.1 400 [^]*connection: close\r\n[^]*"code":"invalid_request"/i)
  })

  it.each([
    ['two hosts', 'GET /healthz HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n'],
    ['none, of a version we do not know', 'GET /healthz HTTP/1.2\r\n\r\n'],
    ['chunks in HTTP/1.0', `${signIn.replace('1.1', '1.0')}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['another protocol', 'GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'],
  ])('of %s is the last that is looked at: what follows may be a part of it', async (_what, bytes) => {
    const before = guests
    const answer = await edge.raw(`${bytes}${signIn}content-length: 0\r\n\r\n`)
    expect(answer.match(/^HTTP\/1.1 \d+/gm)).toHaveLength(1)
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    expect(guests).toBe(before)
  })

  it('is refused by the limit of the address in its turn', async () => {
    const limited = await startEdge({ GATEWAY_LIMIT_PER_ADDRESS: '2' })
    const answers: string[] = []
    for (let n = 0; n < 3; n += 1) answers.push(await limited.raw(`${signIn}host: y\r\ncontent-length: 0\r\n\r\n`))
    await limited.stop()
    expect(answers.map(answer => answer.slice(9, 12))).toEqual(['400', '400', '429'])
  })

  it('in chunks is fine, however that is written', async () => {
    const bytes = `${signIn}connection: close\r\ntransfer-encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`
    expect(await edge.raw(bytes)).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('a body', () => {
  const post = (headers: Record<string, string>) =>
    edge.call('/api/v1/auth/refresh', { method: 'POST', body: { refresh_token: 'x' }, headers })

  it.each([
    ['in gzip', { 'content-encoding': 'gzip' }],
    ['coded twice', { 'content-encoding': 'identity, br' }],
    ['in UTF-16', { 'content-type': 'application/json; charset=utf-16' }],
    ['in Latin 1, as it quotes', { 'content-type': 'application/json;v=1; Charset="iso-8859-1"' }],
  ])('%s is 415', async (_what, headers) => {
    expect(await post(headers)).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
  })

  it.each([
    ['as it is', { 'content-encoding': 'Identity' }],
    ['in UTF-8', { 'content-type': 'application/json; charset=UTF-8' }],
    ['in UTF-8, as it quotes', { 'content-type': 'application/json;charset="utf-8"' }],
    ['with another parameter', { 'content-type': 'application/json; v=1' }],
  ])('%s is read', async (_what, headers) => {
    expect((await post(headers)).status).toBe(200)
  })

  it('that cannot be read counts for its user, whatever it is coded in', async () => {
    const submit = (headers: Record<string, string>) =>
      edge.call('/api/v1/progress/events', { method: 'POST', token: edge.token(userId), body: { events: [] }, headers })
    edge.answer(submitEvents, async () => ({ results: [], head: { epoch: 'e', seq: 0 } }))
    const refused = await submit({ 'content-encoding': 'gzip' })
    expect(refused.status).toBe(415)
    expect(refused.headers.get('ratelimit')).toContain('"user";r=')
  })
})
