// What each phone's application was handed, and what was acknowledged to it, against the log of its user as the server has it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChangesPage, LoggedEvent, Receipt } from '@cairn/contracts'
import type { Phone } from './phone.ts'

export interface Verdict {
  /** Events that should have been handed over, over all phones. */
  readonly expected: number
  readonly missing: number
  readonly twice: number
  readonly outOfOrder: number
  readonly unknown: number
  /** Recorded events whose receipt is missing, doubled, or not `applied` or `duplicate`. */
  readonly badReceipts: number
  /** Events with a receipt that says `applied` or `duplicate` which are not in the server's log exactly once. */
  readonly lost: number
  readonly resets: number
}

/** What is looked at of a phone. */
export type Judged = Pick<Phone, 'userId' | 'resets'> & {
  readonly seen: readonly LoggedEvent[]
  readonly receipts: ReadonlyMap<string, readonly Receipt[]>
}

const readPage = async ({ client, userId }: Phone, url: string): Promise<ChangesPage> => {
  const ask = (): Promise<Response> =>
    fetch(url, { headers: { authorization: `Bearer ${client.session?.access_token ?? ''}` } })
  let answer = await ask()
  if (answer.status === 401) {
    // Of a phone that had nothing to ask for a while, the token may be over.
    await client.refresh()
    answer = await ask()
  }
  if (!answer.ok) throw new Error(`the log of ${userId} was answered by ${answer.status}`)
  return (await answer.json()) as ChangesPage
}

export const readLog = async (phone: Phone, gatewayUrl: string): Promise<readonly LoggedEvent[]> => {
  const events: LoggedEvent[] = []
  for (let position = 'since=0'; ;) {
    const page = await readPage(phone, `${gatewayUrl}/api/v1/progress/changes?limit=1000&${position}`)
    events.push(...page.events)
    if (!page.has_more) return events
    position = `since=${page.to_seq}&epoch=${encodeURIComponent(page.epoch)}`
  }
}

const settleWithinMs = 60_000

/** Every user's log as the server has it, once phones have nothing more to send; waits until they have all of it, or time is over. */
export const settle = async (
  phones: readonly Phone[],
  gatewayUrl: string,
): Promise<ReadonlyMap<string, readonly LoggedEvent[]>> => {
  const deadline = performance.now() + settleWithinMs
  while (phones.some(({ client }) => client.queuedEvents > 0) && performance.now() < deadline) await sleep(50)
  const logs = new Map<string, readonly LoggedEvent[]>()
  for (const phone of phones) {
    if (!logs.has(phone.userId)) logs.set(phone.userId, await readLog(phone, gatewayUrl))
  }
  const isBehind = ({ userId, seen }: Phone): boolean => seen.length < (logs.get(userId)?.length ?? 0)
  while (phones.some(isBehind) && performance.now() < deadline) await sleep(20)
  return logs
}

const connectedWithinMs = 15_000

/** How many phones are not signed in and connected; those that are about to be are waited for. */
export const countLost = async (phones: readonly Phone[]): Promise<number> => {
  const deadline = performance.now() + connectedWithinMs
  const isLost = ({ client }: Phone): boolean => client.session === undefined || client.status !== 'live'
  while (phones.some(isLost) && performance.now() < deadline) await sleep(50)
  return phones.filter(isLost).length
}

/** Of acknowledged ids, those that are not in the log exactly once. */
export const notOnceIn = (log: readonly LoggedEvent[], acknowledged: Iterable<string>): readonly string[] => {
  const times = new Map<string, number>()
  for (const { event_id } of log) times.set(event_id, (times.get(event_id) ?? 0) + 1)
  return [...acknowledged].filter(id => times.get(id) !== 1)
}

const isGood = (receipt: Receipt | undefined): boolean =>
  receipt?.status === 'applied' || receipt?.status === 'duplicate'

const judgePhone = ({ seen, receipts, resets }: Judged, log: readonly LoggedEvent[], recorded: ReadonlySet<string>) => {
  const ids = new Set(seen.map(event => event.event_id))
  const known = new Set(log.map(event => event.event_id))
  const good = [...recorded].filter(id => {
    const [receipt, ...more] = receipts.get(id) ?? []
    return more.length === 0 && isGood(receipt)
  })
  const acknowledged = [...receipts].filter(([, own]) => own.some(isGood)).map(([id]) => id)
  return {
    expected: log.length,
    missing: log.filter(event => !ids.has(event.event_id)).length,
    twice: seen.length - ids.size,
    outOfOrder: seen.filter((event, index) => index > 0 && event.seq <= (seen[index - 1]?.seq ?? 0)).length,
    unknown: [...ids].filter(id => !known.has(id)).length,
    badReceipts: recorded.size - good.length,
    lost: notOnceIn(log, acknowledged).length,
    resets,
  }
}

/** `recorded` are the ids each phone has recorded itself, `logs` those of the users. */
export const judge = <P extends Judged>(
  phones: readonly P[],
  logs: ReadonlyMap<string, readonly LoggedEvent[]>,
  recorded: ReadonlyMap<P, ReadonlySet<string>>,
): Verdict => {
  const total = { expected: 0, missing: 0, twice: 0, outOfOrder: 0, unknown: 0, badReceipts: 0, lost: 0, resets: 0 }
  for (const phone of phones) {
    const one = judgePhone(phone, logs.get(phone.userId) ?? [], recorded.get(phone) ?? new Set())
    for (const key of Object.keys(total) as (keyof Verdict)[]) total[key] += one[key]
  }
  return total
}
