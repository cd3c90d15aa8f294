// Plays a file: several users at once, each in file order, then compares every user's snapshot with what has to come out.
import { basename } from 'node:path'
import type { Snapshot } from '@cairn/contracts'
import { SingleBar } from 'cli-progress'
import { differences, readExpected } from './expected.ts'
import type { ReplayOptions } from './options.ts'
import { paceOf } from './pace.ts'
import { signInPhone } from './phone.ts'
import { playUser } from './play-user.ts'
import { assertReachable, reasonOf } from './reachable.ts'
import { readActivity, type Activity, type BadLine } from './read-activity.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const mostFaultsShown = 20
/** Then the stack is gone, and waiting for each of the other users would take as long again. */
const mostFailuresInARow = 32

interface Tally {
  applied: number
  duplicate: number
  rejected: number
}

interface Outcome {
  readonly tally: Tally
  readonly badLines: readonly BadLine[]
  readonly snapshots: ReadonlyMap<string, Snapshot>
  readonly failures: ReadonlyMap<string, string>
}

const progressBar = (total: number): SingleBar => {
  const bar = new SingleBar({
    format: '{bar} {percentage}% | {value}/{total} events | {duration_formatted}',
    noTTYOutput: true,
    notTTYSchedule: 5_000,
  })
  bar.start(total, 0)
  return bar
}

const play = async (
  byUser: ReadonlyMap<string, readonly Activity[]>,
  badLines: BadLine[],
  options: ReplayOptions,
): Promise<Outcome> => {
  const tally: Tally = { applied: 0, duplicate: 0, rejected: 0 }
  const snapshots = new Map<string, Snapshot>()
  const failures = new Map<string, string>()
  const bar = progressBar([...byUser.values()].reduce((sum, list) => sum + list.length, 0))
  const pace = paceOf(options.speed)
  const waiting = [...byUser]
  let failedInARow = 0
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (failedInARow >= mostFailuresInARow) return
      const [user, activities] = next
      try {
        const phone = await signInPhone(user, options)
        const snapshot = await playUser(phone, activities, {
          batchSize: options.batchSize,
          pace,
          onBadLine: bad => badLines.push(bad),
          onReceipts: receipts => {
            for (const { status } of receipts) tally[status] += 1
            bar.increment(receipts.length)
          },
        })
        snapshots.set(user, snapshot)
        failedInARow = 0
      } catch (error) {
        failures.set(user, reasonOf(error))
        failedInARow += 1
      }
    }
  }
  await Promise.all(Array.from({ length: options.users }, worker))
  bar.stop()
  return { tally, badLines, snapshots, failures }
}

const sayFaults = (title: string, lines: readonly string[]): void => {
  if (lines.length === 0) return
  say(`${title}: ${lines.length}`)
  for (const line of lines.slice(0, mostFaultsShown)) say(`  ${line}`)
  if (lines.length > mostFaultsShown) say(`  … and ${lines.length - mostFaultsShown} more`)
}

const compare = async (expectedFile: string, snapshots: ReadonlyMap<string, Snapshot>): Promise<boolean> => {
  const expected = await readExpected(expectedFile)
  if (expected === undefined) {
    say(`no ${expectedFile}: nothing to compare with`)
    return true
  }
  const wrong = [...expected].flatMap(([user, row]) => {
    const snapshot = snapshots.get(user)
    const faults = snapshot === undefined ? ['not played'] : differences(snapshot, row)
    return faults.length === 0 ? [] : [`${user}: ${faults.join(', ')}`]
  })
  sayFaults('users who differ', wrong)
  say(`${expected.size - wrong.length} of ${expected.size} users agree with ${basename(expectedFile)}`)
  return wrong.length === 0
}

/** Resolves with the exit code: 0 when every row was taken and every user agrees. */
export const replay = async (options: ReplayOptions & { expectedFile: string }): Promise<number> => {
  const startedAt = performance.now()
  const badLines: BadLine[] = []
  const byUser = await readActivity(options.file, bad => badLines.push(bad))
  await assertReachable('gateway', options.gatewayUrl)
  await assertReachable('Apple issuer', options.appleUrl)
  const { tally, snapshots, failures } = await play(byUser, badLines, options)
  sayFaults(
    'bad rows',
    badLines.map(({ line, reason }) => `row ${line - 1} (line ${line}) ${reason}`),
  )
  sayFaults(
    'users who could not be played',
    [...failures].map(([user, reason]) => `${user}: ${reason}`),
  )
  const left = byUser.size - snapshots.size - failures.size
  if (left > 0) say(`given up with ${left} users left: the stack does not answer any more`)
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  say(
    `${byUser.size} users in ${seconds} s: ${tally.applied} applied, ${tally.duplicate} duplicates, ${tally.rejected} rejected`,
  )
  const agree = await compare(options.expectedFile, snapshots)
  return agree && badLines.length === 0 && failures.size === 0 && left === 0 ? 0 : 1
}
