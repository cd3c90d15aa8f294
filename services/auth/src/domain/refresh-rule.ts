// The rule of refreshing, design §4 (2) to (5), as one pure decision. (1), a malformed or forged token, never gets here.
// It asks for no generation number: a token is the current one, the previous one, or dead.

export interface RefreshState {
  /** Which of the session's tokens was presented; `neither` had a valid MAC, so it was one of them once. */
  readonly presented: 'current' | 'previous' | 'neither'
  /** Milliseconds since the epoch, all by the database's clock. */
  readonly now: number
  readonly rotatedAt: number
  readonly idleExpiresAt: number
  readonly absoluteExpiresAt: number
  readonly ended: boolean
  /** Answers given to the previous token in this generation. */
  readonly repeats: number
}

export interface RefreshLimits {
  readonly graceMs: number
  readonly maxRepeats: number
}

export type RefreshDecision =
  /** The session is over: 401 and nothing else. */
  | 'refuse'
  /** (2) A new generation. */
  | 'rotate'
  /** (3) The same successor again. */
  | 'repeat'
  /** (4) Another successor in the same generation; the one it replaces is dead. */
  | 'replace'
  /** (3) or (4), too often: 429. */
  | 'limit'
  /** (5) A dead token was used: the session ends. */
  | 'end'

export const decideRefresh = (state: RefreshState, { graceMs, maxRepeats }: RefreshLimits): RefreshDecision => {
  const expired = state.now >= state.idleExpiresAt || state.now >= state.absoluteExpiresAt
  if (state.ended || expired) return 'refuse'
  if (state.presented === 'current') return 'rotate'
  if (state.presented === 'neither') return 'end'
  if (state.repeats >= maxRepeats) return 'limit'
  return state.now - state.rotatedAt <= graceMs ? 'repeat' : 'replace'
}
