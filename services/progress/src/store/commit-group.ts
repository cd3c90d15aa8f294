// Commits the requests of a group in one transaction: locks their users' logs, judges every event in order, stores what was
// applied. Acknowledged means committed: nothing is answered before COMMIT has returned.
import type { Receipt, SubmitResult } from '@cairn/contracts'
import { inTransaction } from '@cairn/postgres'
import type pg from 'pg'
import { judgeEvents, type LogInProgress } from '../domain/judge-events.ts'
import type { LogState } from '../domain/log-state.ts'
import type { ParsedEvent } from '../domain/parse-event.ts'
import type { AppliedEvent } from '../domain/progress-event.ts'
import { advanceLogs } from './advance-logs.ts'
import { ensureHeads } from './statements/ensure-heads.ts'
import { lockHeads } from './statements/lock-heads.ts'
import { readKnownEvents } from './statements/read-known-events.ts'

/** One request of one user. */
export interface Submission {
  readonly userId: string
  readonly events: readonly ParsedEvent[]
  readonly receivedAtMs: number
}

interface OpenLog extends LogInProgress {
  readonly userId: string
  readonly before: LogState
}

const openLogs = async (client: pg.ClientBase, group: readonly Submission[]): Promise<Map<string, OpenLog>> => {
  const userIds = [...new Set(group.map(submission => submission.userId))].sort()
  await ensureHeads(client, userIds)
  const states = await lockHeads(client, userIds)
  const wanted = new Map<string, { userId: string; eventId: string }>()
  for (const { userId, events } of group) {
    for (const parsed of events) {
      if (parsed.ok) wanted.set(userId + parsed.event.eventId, { userId, eventId: parsed.event.eventId })
    }
  }
  const known = Map.groupBy(await readKnownEvents(client, [...wanted.values()]), one => one.userId)
  return new Map(
    userIds.map(userId => {
      const before = states.get(userId) as LogState
      const events = (known.get(userId) ?? []).map(({ event }): [string, AppliedEvent] => [event.eventId, event])
      return [userId, { userId, before, seq: before.seq, known: new Map(events), applied: [] }]
    }),
  )
}

const judgeGroup = (group: readonly Submission[], logs: ReadonlyMap<string, OpenLog>): SubmitResult[] =>
  group.map(({ userId, events, receivedAtMs }) => {
    const log = logs.get(userId) as OpenLog
    const results: Receipt[] = judgeEvents(events, log, receivedAtMs)
    return { results, head: { epoch: log.before.epoch, seq: log.seq } }
  })

/** One result per submission, in order. Either all of the group is committed, or it rejects and nothing of it is. */
export const commitGroup = (
  pool: pg.Pool,
  group: readonly Submission[],
  nowMs: number,
): Promise<readonly SubmitResult[]> =>
  inTransaction(pool, async client => {
    const logs = await openLogs(client, group)
    const results = judgeGroup(group, logs)
    const advanced = [...logs.values()].filter(log => log.applied.length > 0)
    if (advanced.length > 0) await advanceLogs(client, advanced, nowMs)
    return results
  })
