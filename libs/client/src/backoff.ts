// How long to wait before trying again: full jitter, so that clients that failed together do not come back together.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

export interface Backoff {
  readonly firstMs: number
  readonly mostMs: number
}

export const defaultBackoff: Backoff = { firstMs: 500, mostMs: 30_000 }

/** Milliseconds before attempt number `attempt` (0: the first that is made again). */
export const backoffMs = ({ firstMs, mostMs }: Backoff, attempt: number): number =>
  Math.random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30))

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
