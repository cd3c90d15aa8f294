// A load together with what it cost: CPU of every process, per request.
import type { LoadResult } from './load.ts'
import { measureCpu, type Meters } from './process-cpu.ts'
import type { Measured } from './rounds.ts'

/** CPU in microseconds per request or, with `eventsEach`, per event: by process (`<name>CpuUs`) and together. */
export const withCpu = async (meters: Meters, load: () => Promise<LoadResult>, eventsEach = 1): Promise<Measured> => {
  const { result, cpuMs } = await measureCpu(meters, load)
  const events = result.requests * eventsEach
  const each = Object.entries(cpuMs).map(([name, ms]) => [`${name}CpuUs`, (ms * 1_000) / events] as const)
  return {
    perSecond: result.perSecond * eventsEach,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuUs: each.reduce((sum, [, us]) => sum + us, 0),
    ...Object.fromEntries(each),
  }
}
