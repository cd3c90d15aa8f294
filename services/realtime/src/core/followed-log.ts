// What a follower stands between: the log of a user, and the way to one of the user's clients.
import type { ChangesPage, Head } from '@cairn/contracts'
import type { Frame } from './frame.ts'
import type { RecentPages } from './recent-pages.ts'

/** The log of the socket's user. */
export interface FollowedLog {
  readonly recent: RecentPages
  /** Undefined when it was not wanted any more by the time it could be read. */
  readChanges(position: Head, isWanted: () => boolean): Promise<ChangesPage | undefined>
  readHead(): Promise<Head>
  /** Resolves with the incident when `work` fails; never rejects. */
  catchUp(work: () => Promise<void>): Promise<string | undefined>
}

/** The way to the client. */
export interface FollowerOutlet {
  send(frame: Frame): void
  /** False while so much waits to go out that no more may be added. */
  readonly hasRoom: boolean
  /** The follower has fallen behind and wants `continue` to be called. */
  wake(): void
}

export interface FollowerLimits {
  /** More events than this are never caught up with; the client is told to start again. */
  readonly maxEventsBehind: number
  /** Longest page put together from recent ones, in characters of JSON. */
  readonly maxPageBytes: number
  /** Milliseconds until a failed read is tried again, twice as long each time; half of it up to half more, by chance. */
  readonly retryDelayMs: number
  /** It grows up to this. */
  readonly maxRetryDelayMs: number
}
