// One user of a replay: signs in with a subject of their own, posts their events in file order, reads where they stand.
// A second replay meets the same account and the same event ids, so everything is a duplicate.
import type { CairnClient } from '@cairn/client'
import type { Receipt, Snapshot } from '@cairn/contracts'
import type { Activity, BadLine } from './read-activity.ts'

export interface PlayOptions {
  readonly batchSize: number
  readonly onReceipts: (receipts: readonly Receipt[]) => void
  readonly onBadLine: (bad: BadLine) => void
  /** Waits until that many events may be sent, when the replay is slowed down. */
  readonly pace: (events: number) => Promise<void>
}

const reasonOf = ({ code, errors = [] }: Receipt): string =>
  `rejected: ${code}${errors.map(fault => `; ${fault.path} ${fault.message}`).join('')}`

/** Resolves with the user's snapshot after their last event. */
export const playUser = async (
  phone: CairnClient,
  activities: readonly Activity[],
  options: PlayOptions,
): Promise<Snapshot> => {
  for (let start = 0; start < activities.length; start += options.batchSize) {
    const batch = activities.slice(start, start + options.batchSize)
    await options.pace(batch.length)
    const receipts = await phone.submitEvents(batch.map(activity => activity.event))
    receipts.forEach((receipt, index) => {
      if (receipt.status === 'rejected') options.onBadLine({ line: batch[index]?.line ?? 0, reason: reasonOf(receipt) })
    })
    options.onReceipts(receipts)
  }
  return phone.readSnapshot()
}
