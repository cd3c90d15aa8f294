// Publishes rows of one subject.
import type { OutboxRow } from './outbox-shortcut.ts'

export interface Outcome {
  readonly subject: string
  readonly published: readonly number[]
  /** Undefined when something could not be published. */
  readonly lastMessageId?: string | undefined
  readonly failure?: unknown
}

/** Nothing of a subject is published before what precedes it is acknowledged: its listeners see it in order. */
export const publishInOrder = async (
  [subject, rows]: [string, readonly OutboxRow[]],
  publish: (row: OutboxRow) => Promise<void>,
  until: number,
): Promise<Outcome> => {
  const published: OutboxRow[] = []
  const outcome = () => ({ subject, published: published.map(row => row.id) })
  try {
    for (const row of rows) {
      if (performance.now() > until) break
      await publish(row)
      published.push(row)
    }
  } catch (failure) {
    return { ...outcome(), failure }
  }
  return { ...outcome(), lastMessageId: published.at(-1)?.message_id }
}
