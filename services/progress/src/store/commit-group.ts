// Commits the requests of a group in one transaction: locks their users' logs, judges every event in order, stores what was
// applied. Two round trips in all: what has to be known, and what is stored together with COMMIT. Acknowledged means
// committed: nothing is answered before COMMIT has returned.
import type { CommittedMessage } from '@cairn/bus'
import type { Receipt, SubmitResult } from '@cairn/contracts'
import { inPipelinedTransaction, isLockTimeout } from '@cairn/postgres'
import type { RequestContext } from '@cairn/runtime'
import type pg from 'pg'
import { judgeEvents, type LogInProgress } from '../domain/judge-events.ts'
import type { LogState } from '../domain/log-state.ts'
import type { ParsedEvent } from '../domain/parse-event.ts'
import type { AppliedEvent } from '../domain/progress-event.ts'
import { advanceLogs } from './advance-logs.ts'
import { readStored, type Stored, type UserEvent } from './read-stored.ts'
import { ensureHeads } from './statements/ensure-heads.ts'
import { lockFreeHeads, lockHeads } from './statements/lock-heads.ts'

/** One request of one user. */
export interface Submission {
  readonly userId: string
  readonly events: readonly ParsedEvent[]
  readonly receivedAtMs: number
  /** In whose trace it is committed and published. */
  readonly request?: RequestContext | undefined
}

export interface CommitOptions {
  readonly nowMs: number
  /** For logs that somebody else has locked, until the lock timeout; otherwise their users are left out. */
  readonly wait: boolean
}

export interface CommittedGroup {
  /** One per submission, in order; undefined for a user who was left out. */
  readonly results: readonly (SubmitResult | undefined)[]
  /** What it has put into the outbox. */
  readonly messages: readonly CommittedMessage[]
}

interface OpenLog extends LogInProgress {
  readonly userId: string
  readonly before: LogState
  /** The last that added to it. */
  request: RequestContext | undefined
}

/** Heads are made once and for all; one can only vanish again because its user is being deleted. */
const mostAttempts = 3

const openLogs = ({ logs, known }: Stored): Map<string, OpenLog> => {
  const knownByUser = Map.groupBy(known, one => one.userId)
  return new Map(
    [...logs].map(([userId, before]) => {
      const events = (knownByUser.get(userId) ?? []).map(({ event }): [string, AppliedEvent] => [event.eventId, event])
      return [userId, { userId, before, seq: before.seq, known: new Map(events), applied: [], request: undefined }]
    }),
  )
}

const judgeGroup = (group: readonly Submission[], logs: ReadonlyMap<string, OpenLog>): CommittedGroup['results'] =>
  group.map(({ userId, events, receivedAtMs, request }) => {
    const log = logs.get(userId)
    if (log === undefined) return undefined
    const seqBefore = log.seq
    const results: Receipt[] = judgeEvents(events, log, receivedAtMs)
    if (log.seq > seqBefore) log.request = request
    return { results, head: { epoch: log.before.epoch, seq: log.seq } }
  })

const eventsOf = (group: readonly Submission[]): UserEvent[] =>
  group.flatMap(({ userId, events }) => events.flatMap(parsed => (parsed.ok ? [{ userId, event: parsed.event }] : [])))

/** Either all of the group is committed, but for users who are left out, or it rejects and nothing of it is. */
export const commitGroup = async (
  pool: pg.Pool,
  group: readonly Submission[],
  { nowMs, wait }: CommitOptions,
): Promise<CommittedGroup> => {
  const userIds = [...new Set(group.map(submission => submission.userId))].sort()
  const events = eventsOf(group)
  const lock = wait ? lockHeads : lockFreeHeads
  /** Undefined when a user has no row to lock. */
  const attempt = () =>
    inPipelinedTransaction(pool, async (pipeline): Promise<CommittedGroup | undefined> => {
      const stored = await readStored(pipeline, events, on => lock(on, userIds))
      if (wait && stored.logs.size < userIds.length) return undefined
      const logs = openLogs(stored)
      const results = judgeGroup(group, logs)
      const advanced = [...logs.values()].filter(log => log.applied.length > 0)
      const messages = advanced.length === 0 ? [] : await advanceLogs(pipeline, advanced, { stored, nowMs })
      return { results, messages }
    })
  if (!wait) {
    // Who has no row then is locked, and not new: also while somebody else is making that row.
    await ensureHeads(pool, userIds).catch((error: unknown) => {
      if (!isLockTimeout(error)) throw error
    })
  }
  for (let attempts = 0; attempts < mostAttempts; attempts += 1) {
    const committed = await attempt()
    if (committed !== undefined) return committed
    await ensureHeads(pool, userIds)
  }
  throw new Error('a log has gone as often as it was made')
}
