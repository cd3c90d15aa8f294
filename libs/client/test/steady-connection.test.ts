// Only a connection that lasted makes the pauses small again.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createHttp } from '../src/http.ts'
import { LocalLog } from '../src/local-log.ts'
import { RealtimeClient } from '../src/realtime-client.ts'
import { SessionStore } from '../src/session-store.ts'
import { serveLog, sessionOf, startServer, type TestServer } from './server.ts'

let server: TestServer
let realtime: RealtimeClient

beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1)
  server = await startServer()
  server.on('POST /auth/refresh', { body: sessionOf(2) })
  const more = { maxAttempts: 1, maxWaitMs: 0, timeoutMs: 5_000 }
  realtime = new RealtimeClient({
    realtimeUrl: server.url,
    WebSocket,
    sessions: new SessionStore({
      http: createHttp({ gatewayUrl: server.url, fetch, ...more }),
      session: sessionOf(1),
    }),
    log: new LocalLog(),
    backoff: { firstMs: 300, mostMs: 10_000 },
    idleCheckMs: 10_000,
    answerTimeoutMs: 5_000,
    steadyAfterMs: 100,
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  realtime.disconnect()
  await server.stop()
})

it('lets pauses begin small again after a connection that lasted', async () => {
  serveLog(server)
  const serve = server.onSocket
  const lifetimesMs = [0, 0, 300]
  const pausesMs: number[] = []
  let closedAt = Number.NaN
  server.onSocket = socket => {
    pausesMs.push(performance.now() - closedAt)
    serve(socket)
    const end = (): void => {
      closedAt = performance.now()
      socket.close(4001)
    }
    const lifetimeMs = lifetimesMs.shift()
    if (lifetimeMs !== undefined) setTimeout(end, lifetimeMs)
  }
  realtime.connect()
  await eventually(() => expect([pausesMs.length, realtime.status]).toEqual([4, 'live']))
  const [, first, second, third] = pausesMs
  expect(first).toBeGreaterThan(295)
  expect(second).toBeGreaterThan(595)
  expect(third).toBeLessThan(1_195)
})
