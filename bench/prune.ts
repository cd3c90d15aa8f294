// `npm run bench -- prune`: expired sessions deleted from under refreshes at a steady rate, by the janitor and, beside it, by one
// big DELETE of as many.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { providePostgres } from '@cairn/local'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startEdgeStack, type EdgeStack } from './harness/edge-stack.ts'
import { openPoster } from './harness/load.ts'
import { rounded } from './harness/statistics.ts'
import { runSteadyLoad, type SteadyLoad, type SteadyResult } from './harness/steady-load.ts'
import { deleteAtOnce, deleteByJanitor, type Deletion } from './prune/delete-expired.ts'
import { countSessions, expireSessions } from './prune/expire-sessions.ts'
import { fillSessions } from './refresh/fill-sessions.ts'
import { knownSessions } from './refresh/known-sessions.ts'
import { phonesOf } from './refresh/phones.ts'

const root = join(import.meta.dirname, '..')
const path = '/api/v1/auth/refresh'
const workers = 32

interface Scale {
  readonly sessions: number
  readonly expired: number
  readonly perSecond: number
  /** Of refreshes alone, before each deletion. */
  readonly baselineMs: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: { sessions: 1_000_000, expired: 300_000, perSecond: 200, baselineMs: 15_000 },
  smoke: { sessions: 3_000, expired: 1_000, perSecond: 50, baselineMs: 300 },
}

interface Case {
  readonly before: SteadyResult
  readonly during: SteadyResult
  readonly deletion: Deletion
  readonly left: { readonly live: number; readonly expired: number }
}

const steadyRefreshes = (stack: EdgeStack, { sessions, expired, perSecond }: Scale): SteadyLoad & { close(): void } => {
  const poster = openPoster(stack.gatewayUrl, workers)
  const sessionOf = knownSessions(stack.masterKey)
  const phones = phonesOf({ count: sessions - 2 * expired, workers, sessionOf, first: token => token.text })
  const ask = (worker: number): Promise<void> =>
    phones.refresh(worker, async token => {
      const answer = JSON.parse(await poster.post(path, { refresh_token: token })) as { refresh_token: string }
      return answer.refresh_token
    })
  return { perSecond, workers, ask, close: () => poster.close() }
}

/** Of the table's last sessions as many expire as are to be deleted; the phones have those that are never among them. */
const measure = async (
  stack: EdgeStack,
  scale: Scale,
  { load, from, remove }: { load: SteadyLoad; from: number; remove: () => Promise<Deletion> },
): Promise<Case> => {
  await expireSessions(stack.databaseUrl, knownSessions(stack.masterKey), { from, count: scale.expired })
  const { load: before } = await runSteadyLoad(load, () => sleep(scale.baselineMs))
  const { load: during, result: deletion } = await runSteadyLoad(load, remove)
  return { before, during, deletion, left: await countSessions(stack.databaseUrl) }
}

const rowOf = (name: string, { before, during, deletion }: Case) =>
  [name, before.p99Ms, during.p99Ms, during.worstMs, deletion.rows, deletion.ms, deletion.longestMs] as const

const resultOf = (scale: Scale, janitor: Case, atOnce: Case): BenchResult => {
  const figuresOf = ({ before, during, deletion }: Case) => ({
    p99BeforeMs: rounded(before.p99Ms),
    p99DuringMs: rounded(during.p99Ms),
    worstDuringMs: rounded(during.worstMs),
    rows: deletion.rows,
    ms: Math.round(deletion.ms),
    longestBatchMs: Math.round(deletion.longestMs),
  })
  return {
    tables: [
      {
        title: `${scale.expired} of ${scale.sessions} sessions deleted beside ${scale.perSecond} refreshes a second`,
        columns: ['p99 before ms', 'p99 during ms', 'worst ms', 'rows', 'ms', 'longest statement ms'],
        rows: [rowOf('janitor', janitor), rowOf('one DELETE', atOnce)],
      },
    ],
    figures: { janitor: figuresOf(janitor), oneDelete: figuresOf(atOnce) },
    bars: {
      allExpiredGone: janitor.deletion.rows === scale.expired && janitor.left.expired === 0,
      noLiveOneTouched: janitor.left.live === scale.sessions - scale.expired,
      p99AtMost3TimesOr10Ms: janitor.during.p99Ms <= Math.max(3 * janitor.before.p99Ms, 10),
      longestBatchUnder100Ms: janitor.deletion.longestMs < 100,
    },
  }
}

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  const server = await providePostgres({ directory, env: {}, say })
  try {
    const stack = await startEdgeStack({ root, directory, serverUrl: server.url, name: 'prune' })
    try {
      say(`filling a table with ${scale.sessions} sessions`)
      await fillSessions(stack.databaseUrl, knownSessions(stack.masterKey), scale.sessions)
      const load = steadyRefreshes(stack, scale)
      await runSteadyLoad(load, () => sleep(scale.baselineMs / 3))
      say('the janitor')
      const from = scale.sessions - scale.expired
      const remove = (): Promise<Deletion> => deleteByJanitor(stack.natsUrl)
      const janitor = await measure(stack, scale, { load, from, remove })
      say('one DELETE')
      const others = { load, from: from - scale.expired, remove: () => deleteAtOnce(stack.databaseUrl) }
      const atOnce = await measure(stack, scale, others)
      load.close()
      return resultOf(scale, janitor, atOnce)
    } finally {
      await stack.stop()
    }
  } finally {
    await server.stop()
  }
}

export const bench: Bench = { name: 'prune', run }
