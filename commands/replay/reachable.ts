// Whether a stack is there at all: asked once before a replay, so that a wrong address is one line and not one per user.

const withinMs = 5_000

/** What lies under "fetch failed": the reason, e.g. `connect ECONNREFUSED 127.0.0.1:8080`. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof AggregateError ? (error.cause.errors as unknown[])[0] : error.cause
  return cause === undefined ? error.message : `${error.message}: ${reasonOf(cause)}`
}

/** Throws an Error naming what cannot be reached and how to start it. */
export const assertReachable = async (what: string, url: string): Promise<void> => {
  let fault: string
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(withinMs) })
    if (answer.ok) return
    fault = `answered ${answer.status} to /readyz`
  } catch (error) {
    fault = `cannot be reached (${reasonOf(error)})`
  }
  throw new Error(`the ${what} at ${url} ${fault}; is the stack running (npm start)?`)
}
