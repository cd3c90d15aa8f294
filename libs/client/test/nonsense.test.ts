// Answers and frames that say they are good and are nothing that the server gives: they cost neither session nor log.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CairnClient, CairnClientOptions } from '../src/index.ts'
import { clientAt, otherSessionOf, pageOf, serveLog, sessionOf, startServer, type TestServer } from './server.ts'

describe('nonsense', () => {
  let server: TestServer
  let client: CairnClient
  let kept: unknown[]
  let seen: (number | 'reset')[]

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient =>
    clientAt(server, {
      onSession: session => kept.push(session),
      onEvents: events => seen.push(...events.map(({ seq }) => seq)),
      onReset: () => seen.push('reset'),
      ...more,
    })
  beforeEach(async () => {
    server = await startServer()
    kept = []
    seen = []
    server.on('POST /auth/refresh', { body: sessionOf(2) })
    client = create()
  })
  afterEach(async () => {
    client.disconnect()
    await server.stop()
  })

  describe.each([
    ['{}', { body: {} }],
    ['null', { body: null }],
    ['nothing', { status: 204 }],
    ['no refresh token', { body: { ...sessionOf(2), refresh_token: '' } }],
    ['no access token', { body: { ...sessionOf(2), access_token: null } }],
    ['no lifetime', { body: { ...sessionOf(2), expires_in: 0 } }],
    ['nobody', { body: { ...sessionOf(2), user: undefined } }],
  ])('%s', (_, answer) => {
    it('is no answer to a refresh, which is made again with the same token', async () => {
      server.on('POST /auth/refresh', answer, { body: sessionOf(2) })
      await expect(client.refresh()).rejects.toMatchObject({ code: 'unavailable', isForeign: true })
      expect([client.session?.access_token, kept]).toEqual(['access-1', []])
      await client.refresh()
      expect(client.session?.access_token).toBe('access-2')
      const shown = { refresh_token: 'refresh-1' }
      expect(server.calls.map(({ body }) => body)).toEqual([shown, shown])
    })

    it('is no answer to a sign-in', async () => {
      server.on('POST /auth/guest', answer)
      await expect(client.signInAsGuest()).rejects.toMatchObject({ code: 'unavailable' })
      expect([client.session?.access_token, kept]).toEqual(['access-1', []])
    })
  })

  it('of somebody else is no answer to a refresh', async () => {
    server.on('POST /auth/refresh', { body: otherSessionOf(1) })
    await expect(client.refresh()).rejects.toMatchObject({ code: 'unavailable' })
    expect([client.session?.access_token, kept]).toEqual(['access-1', []])
  })

  it.each([[{}], [null], [{ ...pageOf(4, 5), items: undefined }]])('%j is no page of the log', async body => {
    server.on('GET /progress/changes', { body: pageOf(1, 3) }, { body })
    await client.synchronise()
    await expect(client.synchronise()).rejects.toMatchObject({ code: 'unavailable' })
    expect([seen, client.log.head]).toEqual([[1, 2, 3], { epoch: 'e', seq: 3 }])
  })

  it.each([
    ['session.ready', undefined],
    ['session.ready', { epoch: 'e' }],
    ['progress.changed', null],
    ['progress.changed', {}],
  ])('%s with %j ends the connection, and another one is made', async (type, data) => {
    const log = serveLog(server)
    const serve = server.onSocket
    log.commit(2)
    server.onSocket = socket => {
      server.onSocket = serve
      socket.send(JSON.stringify({ type, data }))
    }
    client.connect()
    await eventually(() => expect(seen).toEqual([1, 2]))
    expect(server.socketTokens).toHaveLength(2)
  })

  it.each([[undefined], [null], [{ code: 'x', retry_after_ms: 'y' }]])(
    'as the reason for which a connection ends, %j, is none',
    async data => {
      serveLog(server)
      client.connect()
      await eventually(() => expect(client.status).toBe('live'))
      server.push('session.closing', data)
      for (const socket of server.sockets) socket.close(4001)
      await eventually(() => expect([client.status, server.socketTokens.length]).toEqual(['live', 2]))
    },
  )
})
