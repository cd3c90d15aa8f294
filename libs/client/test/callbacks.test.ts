// What an app's callbacks throw or reject with is reported, and ends nothing of what called them.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCairnClient, type CairnClient, type CairnClientOptions, type QueuedEvent } from '../src/index.ts'
import { receiptsOf, serveLog, sessionOf, startServer, type TestServer } from './server.ts'

const fail = (): never => {
  throw new Error('The app is at fault.')
}

describe('a callback that fails', () => {
  let server: TestServer
  let client: CairnClient
  let reported: unknown[]

  const create = (more: Partial<CairnClientOptions>): CairnClient => {
    client = createCairnClient({
      gatewayUrl: server.url,
      realtimeUrl: server.url,
      session: sessionOf(1),
      backoff: { firstMs: 5, mostMs: 20 },
      ...more,
    })
    return client
  }
  beforeEach(async () => {
    reported = []
    vi.stubGlobal('reportError', (error: Error) => reported.push(error.message))
    server = await startServer()
    serveLog(server)
    server.on('POST /auth/refresh', { body: sessionOf(2) })
    server.on('POST /auth/logout', { status: 204 })
    server.on('POST /progress/events', receiptsOf)
  })
  afterEach(async () => {
    client.disconnect()
    await server.stop()
    vi.unstubAllGlobals()
  })
  const live = async (): Promise<void> => {
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
  }

  it('does not keep anybody from signing out', async () => {
    create({ onSession: fail, onStatus: fail })
    await live()
    await client.signOut()
    expect([client.session, client.status]).toEqual([undefined, 'offline'])
    expect(server.calls.at(-1)?.route).toBe('POST /auth/logout')
    expect(new Set(reported)).toEqual(new Set(['The app is at fault.']))
  })

  it('does not keep the client connected to a session that is over', async () => {
    create({ onSession: fail, onStatus: fail })
    await live()
    for (const socket of server.sockets) socket.close(4503)
    await eventually(() => expect([client.session, client.status]).toEqual([undefined, 'stopped']))
  })

  it('does not lose a new token, nor the call that it was for', async () => {
    create({ onSession: fail })
    await expect(client.refresh()).resolves.toMatchObject({ access_token: 'access-2' })
    expect(client.session?.access_token).toBe('access-2')
  })

  it('does not have events sent twice', async () => {
    let stored: readonly QueuedEvent[] = []
    const storage = { load: async () => [], save: async (queued: typeof stored) => void (stored = queued) }
    create({ storage, onReceipts: fail })
    await client.record({ event_id: 'a' })
    await eventually(() => expect(reported).toHaveLength(1))
    await eventually(() => expect(stored).toEqual([]))
    expect(server.calls.filter(({ route }) => route === 'POST /progress/events')).toHaveLength(1)
  })

  it('does not end the log', async () => {
    const log = serveLog(server)
    log.commit(1)
    create({ onEvents: fail, onNotice: fail })
    await live()
    await eventually(() => expect(client.log.head?.seq).toBe(1))
    server.push('notice.posted', { notice_id: 'id', text: 'text', posted_at: '2026-01-01T00:00:00.000Z' })
    server.push('progress.changed', log.commit(1))
    await eventually(() => expect(client.log.head?.seq).toBe(2))
    expect([reported.length, server.socketTokens.length]).toEqual([3, 1])
  })

  it('is reported though it fails later', async () => {
    create({ onSession: async () => fail() })
    await client.refresh()
    await eventually(() => expect(reported).toEqual(['The app is at fault.']))
  })
})
