// What is done under load, and how often.
import { randomUUID } from 'node:crypto'

export const nextEvent = (count: number): Readonly<Record<string, unknown>> & { readonly event_id: string } => ({
  event_id: randomUUID(),
  track_id: `track-${count % 5}`,
  item_id: `item-${count % 40}`,
  kind: 'practiced',
  occurred_at: new Date().toISOString(),
  points: 1,
})

/** Calls `act` so often a second until `stop`; what a busy machine has missed is caught up with. */
export const atRate = (perSecond: number, act: (count: number) => void): (() => void) => {
  const startedAt = performance.now()
  let count = 0
  const timer = setInterval(() => {
    for (; count < ((performance.now() - startedAt) / 1_000) * perSecond; count += 1) act(count)
  }, 20)
  return () => clearInterval(timer)
}
