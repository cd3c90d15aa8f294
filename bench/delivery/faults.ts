// What happens to the stack meanwhile: a realtime node and progress are killed with SIGKILL and started again, NATS and
// Redis are stopped and started again. One after the other, at given times.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet, FleetMember } from '@cairn/testkit/fleet'

export interface Fault {
  readonly name: string
  strike(): Promise<void>
}

const restartWithinMs = 20_000

const killed = (member: FleetMember | undefined, name: string, downMs: number): Fault => ({
  name,
  strike: async () => {
    await member?.kill()
    await sleep(downMs)
    await member?.restart()
  },
})

const restarted = ({ server }: Fleet['nats'], name: string): Fault => ({
  name,
  strike: async () => {
    await server?.restart()
    await server?.ready({ withinMs: restartWithinMs })
  },
})

export const faultsOf = (fleet: Fleet, downMs: number): readonly Fault[] => [
  killed(fleet.of('progress')[0], 'kill -9 of progress', downMs),
  killed(fleet.of('realtime')[0], 'kill -9 of a realtime node', downMs),
  restarted(fleet.nats, 'NATS restarted'),
  restarted(fleet.redis, 'Redis restarted'),
]

/** Strikes them at equal distances over `durationMs`; resolves when all is up again. */
export const strikeAll = async (
  faults: readonly Fault[],
  durationMs: number,
  say: (line: string) => void,
): Promise<void> => {
  const startedAt = performance.now()
  for (const [index, fault] of faults.entries()) {
    const dueAt = startedAt + (durationMs * (index + 1)) / (faults.length + 1)
    await sleep(Math.max(0, dueAt - performance.now()))
    say(fault.name)
    await fault.strike()
  }
}
