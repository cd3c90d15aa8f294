// CPU time of other processes, from /proc: Linux alone. Of a process to the nanosecond, of a tree in steps of 10 ms.
import { readdirSync, readFileSync } from 'node:fs'

const msPerTick = 10

/** The fields of /proc/<pid>/stat behind the command's name, which may hold anything. */
const statOf = (pid: number | string): string[] => {
  try {
    return (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ')
  } catch {
    return []
  }
}

const ticks = (stat: readonly string[], ...fields: number[]): number =>
  fields.reduce((sum, field) => sum + Number(stat[field] ?? 0), 0)

/** Nanoseconds, https://docs.kernel.org/scheduler/sched-stats.html; 0 for a thread that has ended meanwhile. */
const cpuNsOfThread = (pid: number, thread: string): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  } catch {
    return 0
  }
}

/** Milliseconds of CPU the threads of the process have used, user and system; those that have ended are not counted. */
export const cpuMsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + cpuNsOfThread(pid, thread), 0) / 1e6

/** The same with all its children, those that are gone too: a PostgreSQL server. */
export const cpuMsOfTree = (pid: number): number => {
  const children = readdirSync('/proc').filter(name => /^\d+$/.test(name) && statOf(name)[1] === String(pid))
  const own = ticks(statOf(pid), 11, 12, 13, 14)
  return children.reduce((sum, child) => sum + ticks(statOf(child), 11, 12), own) * msPerTick
}

/** Reads of CPU time so far, by name of what is measured, in milliseconds. */
export type Meters = Readonly<Record<string, () => number>>

/** Runs `work` and gives back, by name, the milliseconds of CPU that each process used meanwhile. */
export const measureCpu = async <T>(
  meters: Meters,
  work: () => Promise<T>,
): Promise<{ result: T; cpuMs: Record<string, number> }> => {
  const before = Object.entries(meters).map(([name, read]) => [name, read()] as const)
  const result = await work()
  return { result, cpuMs: Object.fromEntries(before.map(([name, at]) => [name, (meters[name]?.() ?? 0) - at])) }
}
