// How much memory each process holds, read once a second from /proc, so that what grows without bound is seen.
import { readFileSync } from 'node:fs'
import type { FleetMember } from '@cairn/testkit/fleet'

const everyMs = 1_000

const residentMiBOf = (pid: number): number => {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}

export interface MemoryWatch {
  /** The most that each member held at once, in MiB. */
  readonly most: ReadonlyMap<string, number>
  stop(): void
}

export const watchMemory = (members: readonly FleetMember[]): MemoryWatch => {
  const most = new Map<string, number>()
  const timer = setInterval(() => {
    for (const { name, pid } of members) most.set(name, Math.max(most.get(name) ?? 0, residentMiBOf(pid)))
  }, everyMs)
  return { most, stop: () => clearInterval(timer) }
}
