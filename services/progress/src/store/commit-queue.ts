// Group commit. Requests that arrive while others are being committed wait and then go together, so the price of a commit is
// shared by all who wait for one: an idle queue commits at once, and beside a group in flight another one begins only when it
// is big, or when that one takes long. A user is in one group at a time, so groups never wait for each other's locks within
// this process, and a user's requests keep their order.
//
// Somebody else may have locked a log for long: a rebuild, a replica whose host is gone. A group waits for it, for one lock
// timeout, and then goes without those users. They are set aside: groups of their own wait for them, one at a time and beside
// all others, until their log is free or their requests have no time left; meanwhile the others wait for no log at all.
import { CairnError, type SubmitResult } from '@cairn/contracts'
import { databaseFailure, isConnectionLoss, isLockTimeout } from '@cairn/postgres'
import type { CommittedMessage } from '@cairn/bus'
import type { CommittedGroup, Submission } from './commit-group.ts'

export interface CommitQueueOptions {
  /**
   * Commits all of a group or nothing of it; one result per submission. It waits for logs that are locked; where it is not to,
   * it leaves those users out, and their results are undefined.
   */
  readonly commit: (group: readonly Submission[], wait: boolean) => Promise<CommittedGroup>
  /** Told what a group has put into the outbox, when its requests have been answered. */
  readonly onCommitted: (messages: readonly CommittedMessage[]) => void
  /** Events that may wait; beyond it requests are refused. */
  readonly maxWaitingEvents: number
  readonly maxGroupEvents: number
  readonly maxGroupsInFlight: number
  /** Events that have to wait before a group begins beside another one; two small ones cost a tenth more than one. */
  readonly besideEvents: number
  /** Time after which one begins all the same: the other may wait for somebody's lock. */
  readonly besideAfterMs: number
  /** How long a commit that waits does so at most. */
  readonly lockTimeoutMs: number
  /** Told when a group failed and its requests are tried one by one. */
  readonly onGroupFailed: (error: unknown, group: readonly Submission[]) => void
  /** Told when requests are set aside and no others were, not each time they have waited in vain. */
  readonly onSetAside: (group: readonly Submission[]) => void
}

interface Entry {
  readonly submission: Submission
  /** `performance.now()` after which nobody waits for the answer. */
  readonly deadlineAt: number
  readonly resolve: (result: SubmitResult) => void
  readonly reject: (error: CairnError) => void
}

type Lane = 'main' | 'aside'

interface Outcome {
  /** Those whose log is. */
  readonly locked: readonly Entry[]
  /** Tells all others. */
  readonly answer: () => void
}

const userOf = (entry: Entry): string => entry.submission.userId

const unavailable = (reason: string): CairnError => new CairnError('unavailable', { cause: new Error(reason) })

export class CommitQueue {
  readonly #options: CommitQueueOptions
  readonly #busyUsers = new Set<string>()
  /** Whose log somebody else had locked; forgotten when nothing of such users waits any more. */
  readonly #asideUsers = new Set<string>()
  readonly #untold: (readonly CommittedMessage[])[] = []
  readonly #groupsInFlight = { main: 0, aside: 0 }
  #waiting: Entry[] = []
  #waitingEvents = 0
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
    // Users of whom it is known that they wait for long leave the others half of the room.
    const share = this.#asideUsers.has(submission.userId) ? 0.5 : 1
    if (this.#waitingEvents + submission.events.length > share * this.#options.maxWaitingEvents) {
      return Promise.reject(unavailable('too many events wait to be committed'))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submission, deadlineAt, resolve, reject })
      this.#waitingEvents += submission.events.length
      this.#schedule()
    })
  }

  /** Tells at once what has been committed and answered. */
  tell(): void {
    const untold = this.#untold.splice(0).flat()
    if (untold.length > 0) this.#options.onCommitted(untold)
  }

  /** Starts groups after everything that arrived with this turn of the event loop has been queued. */
  #schedule(): void {
    if (this.#scheduled || this.#groupsInFlight.main >= this.#options.maxGroupsInFlight) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  #start(): void {
    while (this.#groupsInFlight.main < this.#options.maxGroupsInFlight && this.#waiting.length > 0) {
      const waitMs = this.#waitBesideMs()
      if (waitMs > 0) {
        this.#wakeIn(waitMs)
        return
      }
      const group = this.#takeGroup('main')
      if (group.length === 0) return
      this.#beganAt = performance.now()
      void this.#run(group, 'main')
    }
  }

  #startAside(): void {
    if (this.#groupsInFlight.aside > 0 || this.#asideUsers.size === 0) return
    const group = this.#takeGroup('aside')
    if (group.length > 0) void this.#run(group, 'aside')
    else this.#asideUsers.clear()
  }

  /** How long a group has to wait for the one in flight yet. */
  #waitBesideMs(): number {
    if (this.#groupsInFlight.main === 0 || this.#waitingEvents - this.#asideEvents() >= this.#options.besideEvents)
      return 0
    return this.#beganAt + this.#options.besideAfterMs - performance.now()
  }

  /** Of requests that are no part of what the next group may be. */
  #asideEvents(): number {
    if (this.#asideUsers.size === 0) return 0
    const aside = this.#waiting.filter(entry => this.#asideUsers.has(userOf(entry)))
    return aside.reduce((sum, { submission }) => sum + submission.events.length, 0)
  }

  #wakeIn(ms: number): void {
    if (this.#waker !== undefined) return
    this.#waker = setTimeout(() => {
      this.#waker = undefined
      this.#schedule()
    }, Math.ceil(ms))
  }

  /** As many as fit, of users that no group in flight has, in order of arrival. */
  #takeGroup(lane: Lane): Entry[] {
    const group: Entry[] = []
    const left: Entry[] = []
    /** Once one request of a user stays behind, later ones of that user do too. */
    const passedOver = new Set<string>()
    const now = performance.now()
    let events = 0
    for (const entry of this.#waiting) {
      const { userId, events: own } = entry.submission
      const aside = this.#asideUsers.has(userId)
      // Who may wait for a lock is refused while there is somebody to be told.
      if (entry.deadlineAt <= now + (aside ? this.#options.lockTimeoutMs : 0)) {
        this.#waitingEvents -= own.length
        entry.reject(unavailable(aside ? 'somebody else has locked the log' : 'waited too long to be committed'))
        continue
      }
      const fits = group.length === 0 || events + own.length <= this.#options.maxGroupEvents
      if (fits && aside === (lane === 'aside') && !this.#busyUsers.has(userId) && !passedOver.has(userId)) {
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

  async #run(group: readonly Entry[], lane: Lane): Promise<void> {
    const users = new Set(group.map(userOf))
    for (const userId of users) this.#busyUsers.add(userId)
    this.#groupsInFlight[lane] += 1
    const isFirst = this.#asideUsers.size === 0
    const { locked, answer } = await this.#commit(group, isFirst || lane === 'aside')
    this.#groupsInFlight[lane] -= 1
    for (const userId of users) {
      this.#busyUsers.delete(userId)
      this.#asideUsers.delete(userId)
    }
    if (locked.length > 0) this.#setAside(locked)
    if (locked.length > 0 && isFirst) this.#options.onSetAside(locked.map(({ submission }) => submission))
    this.#startAside()
    if (this.#waiting.length > 0) this.#schedule()
    // Behind the next group: while these are answered, the database has something to do.
    setImmediate(answer)
  }

  /** Behind other users, who may have more luck, and before what came later of the same. What was let in stays in. */
  #setAside(locked: readonly Entry[]): void {
    const users = new Set(locked.map(userOf))
    for (const userId of users) this.#asideUsers.add(userId)
    for (const { submission } of locked) this.#waitingEvents += submission.events.length
    const isLater = (entry: Entry): boolean => users.has(userOf(entry))
    const others = this.#waiting.filter(entry => !isLater(entry))
    this.#waiting = [...others, ...locked, ...this.#waiting.filter(isLater)]
  }

  /** A group that fails is committed one by one, so that only the guilty fails: not when the database is gone, or tables are locked. */
  async #commit(group: readonly Entry[], wait: boolean): Promise<Outcome> {
    const submissions = group.map(({ submission }) => submission)
    try {
      const { results, messages } = await this.#options.commit(submissions, wait)
      const answer = (): void => {
        for (const [index, { resolve }] of group.entries()) if (results[index] !== undefined) resolve(results[index])
        // In a turn of its own: answers leave before it.
        if (messages.length > 0 && this.#untold.push(messages) === 1) setImmediate(() => this.tell())
      }
      return { locked: group.filter((_entry, index) => results[index] === undefined), answer }
    } catch (error) {
      if (wait && isLockTimeout(error)) return this.#commit(group, false)
      if (group.length > 1 && !isConnectionLoss(error) && !isLockTimeout(error)) {
        this.#options.onGroupFailed(error, submissions)
        return { locked: await this.#commitOneByOne(group), answer: () => undefined }
      }
      return { locked: [], answer: () => group.forEach(entry => entry.reject(databaseFailure(error))) }
    }
  }

  async #commitOneByOne(group: readonly Entry[]): Promise<Entry[]> {
    const locked: Entry[] = []
    const lockedUsers = new Set<string>()
    const isLocked = async (entry: Entry): Promise<boolean> => {
      if (lockedUsers.has(userOf(entry))) return true
      const outcome = await this.#commit([entry], false)
      outcome.answer()
      if (outcome.locked.length > 0) lockedUsers.add(userOf(entry))
      return outcome.locked.length > 0
    }
    for (const entry of group) {
      if (entry.deadlineAt <= performance.now()) entry.reject(unavailable('waited too long to be committed'))
      else if (await isLocked(entry)) locked.push(entry)
    }
    return locked
  }
}
