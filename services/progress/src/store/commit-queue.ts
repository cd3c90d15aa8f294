// Group commit. Requests that arrive while others are being committed wait and then go together, so the price of a commit is
// shared by all who wait for one: an idle queue commits at once, and beside a group in flight another one begins only when it
// is big, or when that one takes long. A user is in one group at a time, so groups never wait for each other's locks within
// this process, and a user's requests keep their order.
import { CairnError, type SubmitResult } from '@cairn/contracts'
import { databaseFailure, isConnectionLoss } from '@cairn/postgres'
import type { Submission } from './commit-group.ts'

export interface CommitQueueOptions {
  /** Commits all of a group or nothing of it; one result per submission. */
  readonly commit: (group: readonly Submission[]) => Promise<readonly SubmitResult[]>
  /** Events that may wait; beyond it requests are refused. */
  readonly maxWaitingEvents: number
  readonly maxGroupEvents: number
  readonly maxGroupsInFlight: number
  /** Events that have to wait before a group begins beside another one; two small ones cost a third more than one. */
  readonly besideEvents: number
  /** Time after which one begins all the same: the other may wait for somebody's lock. */
  readonly besideAfterMs: number
  /** Told when a group failed and its requests are tried one by one. */
  readonly onGroupFailed: (error: unknown, requests: number) => void
}

interface Entry {
  readonly submission: Submission
  /** `performance.now()` after which nobody waits for the answer. */
  readonly deadlineAt: number
  readonly resolve: (result: SubmitResult) => void
  readonly reject: (error: CairnError) => void
}

const unavailable = (reason: string): CairnError => new CairnError('unavailable', { cause: new Error(reason) })

export class CommitQueue {
  readonly #options: CommitQueueOptions
  readonly #busyUsers = new Set<string>()
  #waiting: Entry[] = []
  #waitingEvents = 0
  #groupsInFlight = 0
  #beganAt = 0
  #scheduled = false
  #waker: NodeJS.Timeout | undefined

  constructor(options: CommitQueueOptions) {
    this.#options = options
  }

  get waitingEvents(): number {
    return this.#waitingEvents
  }

  /** Resolves once the submission is on disk. Rejects with `unavailable` when it is not known to be, or `internal`. */
  submit(submission: Submission, deadlineAt: number): Promise<SubmitResult> {
    if (this.#waitingEvents + submission.events.length > this.#options.maxWaitingEvents) {
      return Promise.reject(unavailable('too many events wait to be committed'))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submission, deadlineAt, resolve, reject })
      this.#waitingEvents += submission.events.length
      this.#schedule()
    })
  }

  /** Starts groups after everything that arrived with this turn of the event loop has been queued. */
  #schedule(): void {
    if (this.#scheduled || this.#groupsInFlight >= this.#options.maxGroupsInFlight) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  #start(): void {
    while (this.#groupsInFlight < this.#options.maxGroupsInFlight && this.#waiting.length > 0) {
      const waitMs = this.#waitBesideMs()
      if (waitMs > 0) {
        this.#wakeIn(waitMs)
        return
      }
      const group = this.#takeGroup()
      if (group.length === 0) return
      void this.#run(group)
    }
  }

  /** How long a group has to wait for the one in flight yet. */
  #waitBesideMs(): number {
    if (this.#groupsInFlight === 0 || this.#waitingEvents >= this.#options.besideEvents) return 0
    return this.#beganAt + this.#options.besideAfterMs - performance.now()
  }

  #wakeIn(ms: number): void {
    if (this.#waker !== undefined) return
    this.#waker = setTimeout(() => {
      this.#waker = undefined
      this.#schedule()
    }, Math.ceil(ms))
  }

  /** As many as fit, of users that no group in flight has, in order of arrival. */
  #takeGroup(): Entry[] {
    const group: Entry[] = []
    const left: Entry[] = []
    /** Once one request of a user stays behind, later ones of that user do too. */
    const passedOver = new Set<string>()
    const now = performance.now()
    let events = 0
    for (const entry of this.#waiting) {
      const { userId, events: own } = entry.submission
      if (entry.deadlineAt <= now) {
        this.#waitingEvents -= own.length
        entry.reject(unavailable('waited too long to be committed'))
        continue
      }
      const fits = group.length === 0 || events + own.length <= this.#options.maxGroupEvents
      if (fits && !this.#busyUsers.has(userId) && !passedOver.has(userId)) {
        group.push(entry)
        events += own.length
      } else {
        passedOver.add(userId)
        left.push(entry)
      }
    }
    this.#waiting = left
    this.#waitingEvents -= events
    return group
  }

  async #run(group: readonly Entry[]): Promise<void> {
    const users = new Set(group.map(entry => entry.submission.userId))
    for (const userId of users) this.#busyUsers.add(userId)
    this.#groupsInFlight += 1
    this.#beganAt = performance.now()
    await this.#commit(group)
    this.#groupsInFlight -= 1
    for (const userId of users) this.#busyUsers.delete(userId)
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** A group that fails is committed request by request, so that only the guilty one fails: not when the database is gone. */
  async #commit(group: readonly Entry[]): Promise<void> {
    try {
      const results = await this.#options.commit(group.map(entry => entry.submission))
      group.forEach((entry, index) => entry.resolve(results[index] as SubmitResult))
    } catch (error) {
      if (group.length === 1 || isConnectionLoss(error)) {
        for (const entry of group) entry.reject(databaseFailure(error))
        return
      }
      this.#options.onGroupFailed(error, group.length)
      for (const entry of group) await this.#commitAlone(entry)
    }
  }

  async #commitAlone(entry: Entry): Promise<void> {
    if (entry.deadlineAt > performance.now()) await this.#commit([entry])
    else entry.reject(unavailable('waited too long to be committed'))
  }
}
