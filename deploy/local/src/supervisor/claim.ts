// One `npm start` per clone: the claim is a lock beside the stack's directory; what a killed run left in it is stopped.
import { acquireLock, LockHeld } from '../../bootstrap/process-lock.js'
import { LocalStackError } from '../local-stack-error.ts'
import { stopLeftovers } from '../processes/ledger.ts'
import { thisMachine } from '../provision/machine.ts'
import { removeWithTwin } from '../provision/postgres-home.ts'

/** A stack takes at most 5 s to stop: one that is stopping is waited for. */
const otherStopsWithinMs = 6_000

export interface ClaimOptions {
  readonly directory: string
  /** Forget the data. */
  readonly fresh: boolean
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Returns the function that gives the claim back. Throws `LocalStackError` when another stack keeps running. */
export const claimStack = async ({ directory, fresh, say, signal }: ClaimOptions): Promise<() => void> => {
  const release = await acquireLock(`${directory}.lock`, {
    waitMs: otherStopsWithinMs,
    signal,
    onWait: owner => say(`waiting for process ${owner.pid}, which runs this clone's stack`),
  }).catch((error: unknown) => {
    if (!(error instanceof LockHeld)) throw error
    throw new LocalStackError(`this clone's stack is running already (pid ${error.owner.pid}); stop that first`)
  })
  try {
    const left = await stopLeftovers(directory)
    if (left.length > 0) say(`stopped what a killed run left behind: ${left.join(', ')}`)
    if (fresh) {
      removeWithTwin(directory, thisMachine())
      say('forgot the data')
    }
    return release
  } catch (error) {
    release()
    throw error
  }
}
