// Who commits events: phones through the front door, one event a request, or requests over the bus that arrive in batches.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { request, type Bus } from '@cairn/bus'
import { submitEvents } from '@cairn/contracts'
import { HttpConnection } from '../harness/http-connection.ts'
import type { Guest } from '../submit/guests.ts'

const connections = 16
const tickMs = 10
const timeoutMs = 10_000

const nextEvent = () => ({
  event_id: randomUUID(),
  track_id: 'track-1',
  item_id: 'item-1',
  kind: 'practiced' as const,
  occurred_at: new Date().toISOString(),
  points: 5,
})

/** Calls `write` so often a second, all that are due at once every 10 ms, and waits for all of them; resolves with how often. */
const atRate = async (
  perSecond: number,
  durationMs: number,
  write: (count: number) => Promise<void>,
): Promise<number> => {
  const startedAt = performance.now()
  const writes: Promise<void>[] = []
  const failures: unknown[] = []
  for (; ; await sleep(tickMs)) {
    const elapsedMs = performance.now() - startedAt
    while (writes.length < (Math.min(elapsedMs, durationMs) / 1_000) * perSecond) {
      writes.push(write(writes.length).catch((error: unknown) => void failures.push(error)))
    }
    if (elapsedMs >= durationMs) break
  }
  await Promise.all(writes)
  if (failures.length > 0) throw failures[0]
  return writes.length
}

export interface Rate {
  /** Events. */
  readonly perSecond: number
  readonly durationMs: number
}

const submit = async (bus: Bus, { userId }: Guest, eventsEach = 1): Promise<void> => {
  const caller = { userId, sessionId: userId }
  const events = Array.from({ length: eventsEach }, nextEvent)
  await request(bus, submitEvents, { payload: { events }, caller, timeoutMs })
}

/** `eventsEach` in one request, which is one page on its way to the client. Resolves with how many events there were. */
export const writeOverBus = async (
  bus: Bus,
  guests: readonly Guest[],
  { perSecond, durationMs, eventsEach }: Rate & { readonly eventsEach: number },
): Promise<number> => {
  const write = (count: number) => submit(bus, guests[count % guests.length] as Guest, eventsEach)
  return eventsEach * (await atRate(perSecond / eventsEach, durationMs, write))
}

/** Each guest gets so many events, a few guests at a time. */
export const writeForEach = async (bus: Bus, guests: readonly Guest[], events: number): Promise<void> => {
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < guests.length * events; index = next++) {
      await submit(bus, guests[index % guests.length] as Guest)
    }
  }
  await Promise.all(Array.from({ length: connections }, work))
}

/** In turn for each guest; resolves with how many events there were. */
export const writeThroughFrontDoor = async (
  gatewayUrl: string,
  guests: readonly Guest[],
  { perSecond, durationMs }: Rate,
): Promise<number> => {
  const free = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(gatewayUrl)))
  const all = [...free]
  const waiting: ((connection: HttpConnection) => void)[] = []
  const written = await atRate(perSecond, durationMs, async count => {
    const connection = free.pop() ?? (await new Promise<HttpConnection>(resolve => waiting.push(resolve)))
    const { token } = guests[count % guests.length] as Guest
    const head = `POST /api/v1/progress/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\n`
    const { status, body } = await connection.post(head, JSON.stringify({ events: [nextEvent()] }))
    if (status !== 200) throw new Error(`a post was answered ${status}: ${body}`)
    const waiter = waiting.shift()
    if (waiter === undefined) free.push(connection)
    else waiter(connection)
  })
  for (const connection of all) connection.close()
  return written
}
