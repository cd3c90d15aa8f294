// How long something takes by itself, on a machine that has other things to do too.

const tickMs = 5

/** Milliseconds that `work` took, without those in which this process was kept from running. */
export const ownMs = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now()
  let tickedAt = startedAt
  let stalledMs = 0
  const timer = setInterval(() => {
    const now = performance.now()
    stalledMs += Math.max(0, now - tickedAt - 2 * tickMs)
    tickedAt = now
  }, tickMs)
  try {
    await work()
    return performance.now() - startedAt - stalledMs
  } finally {
    clearInterval(timer)
  }
}
