// How long something takes by itself, on a machine that has other things to do too.

const tickMs = 5

/** Of the whole process, counted while somebody measures. */
let stalledMs = 0
let measuring = 0
let tickedAt = 0
/** CPU of this thread by then. */
let workedMs = 0
let timer: NodeJS.Timeout | undefined

/** Of this thread: what it computed itself is no pause. */
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const tick = (): void => {
  const now = performance.now()
  const worked = cpuMs()
  stalledMs += Math.max(0, now - tickedAt - (worked - workedMs) - 2 * tickMs)
  tickedAt = now
  workedMs = worked
}

export interface OwnClock {
  /** Milliseconds since it was started, without those in which this process was kept from running. */
  ms(): number
  stop(): void
}

export const startOwnClock = (): OwnClock => {
  if (measuring === 0) {
    tickedAt = performance.now()
    workedMs = cpuMs()
    timer = setInterval(tick, tickMs).unref()
  } else tick()
  measuring += 1
  const startedAt = performance.now()
  const before = stalledMs
  const ms = (): number => {
    tick()
    return performance.now() - startedAt - (stalledMs - before)
  }
  const stop = (): void => {
    measuring -= 1
    if (measuring === 0) clearInterval(timer)
  }
  return { ms, stop }
}

/** Milliseconds that `work` took, without those in which this process was kept from running. */
export const ownMs = async (work: () => Promise<unknown>): Promise<number> => {
  const clock = startOwnClock()
  try {
    await work()
    return clock.ms()
  } finally {
    clock.stop()
  }
}
