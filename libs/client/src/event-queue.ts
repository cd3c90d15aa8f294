// Events on their way to the server, kept until there is a receipt for each: offline, over restarts of the app, and
// whatever fails in between. Sending an event twice is harmless, so what is in doubt is sent again.
import type { Receipt } from '@cairn/contracts'
import { backoffMs, type Backoff } from './backoff.ts'
import { isProblem, isTokenRefused } from './cairn-problem.ts'
import { callBack } from './call-back.ts'

export interface QueuedEvent {
  /** Whose it is: it is never sent as anybody else's. */
  readonly userId: string
  readonly event: object
}

/** Where queued events survive the app's end: a file, IndexedDB, AsyncStorage. Calls come one at a time. */
export interface EventStorage {
  load(): Promise<readonly QueuedEvent[]>
  /** Replaces all that was kept. */
  save(queued: readonly QueuedEvent[]): Promise<void>
}

export interface EventQueueOptions {
  /** Rejects when no receipts came; makes no further attempt when `isWanted` says false. */
  readonly submit: (events: readonly object[], isWanted: () => boolean) => Promise<readonly Receipt[]>
  /** Undefined while nobody is signed in. */
  readonly currentUserId: () => string | undefined
  readonly storage: EventStorage | undefined
  /** Called once for each batch: `receipts[i]` is that of `events[i]`. */
  readonly onReceipts: ((receipts: readonly Receipt[], events: readonly object[]) => void) | undefined
  readonly backoff: Backoff
  /** Events kept at most, over all users. */
  readonly maxEvents: number
}

const maxBatch = 500

/** The same batch cannot succeed later, but a smaller one may. */
const isRefusal = (error: unknown): boolean =>
  isProblem(error, 'invalid_request') || isProblem(error, 'payload_too_large')

const rejected = (event: object): Receipt => {
  const { event_id: id } = event as { event_id?: unknown }
  return { event_id: typeof id === 'string' ? id : null, status: 'rejected', code: 'invalid_event' }
}

export class EventQueue {
  readonly #options: EventQueueOptions
  #loading: Promise<void> | undefined
  #queued: QueuedEvent[] = []
  #saving: Promise<void> = Promise.resolve()
  #saveWanted = false
  /** Users who are no more. */
  readonly #forgotten = new Set<string>()
  #sending = false
  /** Somebody asked to send while it was being done. */
  #askedAgain = false
  #paused = false
  #batch = maxBatch
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: EventQueueOptions) {
    this.#options = options
    this.#sendSoon(0)
  }

  /** Events without a receipt yet. */
  get size(): number {
    return this.#queued.length
  }

  /** Resolves when the event is kept for certain; rejects when it is not: nobody signed in, queue full, storage failed. */
  async record(event: object): Promise<void> {
    const userId = this.#options.currentUserId()
    if (userId === undefined) throw new Error('Nobody is signed in.')
    this.#paused = false
    await this.#loaded()
    if (this.#queued.length >= this.#options.maxEvents) throw new Error('The queue of events is full.')
    const entry = { userId, event }
    this.#queued.push(entry)
    try {
      await this.#save()
    } catch (error) {
      this.#drop([entry])
      throw error
    }
    this.#sendSoon(0)
  }

  /** Tries again at once: the network is back, or somebody has signed in. */
  flush(): void {
    this.#paused = false
    this.#failures = 0
    this.#sendSoon(0)
  }

  /** Sends no more until `record` or `flush`; what is on its way may still get its receipts. */
  pause(): void {
    this.#paused = true
    clearTimeout(this.#timer)
  }

  /** Drops what was recorded by a user who is no more; what fails here is made good by the next load and save. */
  async forget(userId: string): Promise<void> {
    this.#forgotten.add(userId)
    await this.#loaded()
    this.#drop(this.#queued.filter(entry => entry.userId === userId))
    await this.#save()
  }

  /** What an earlier run has left comes first; a load that failed is made again. */
  #loaded(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  async #load(): Promise<void> {
    const kept = (await this.#options.storage?.load()) ?? []
    this.#queued.unshift(...kept.filter(({ userId }) => !this.#forgotten.has(userId)))
  }

  #sendSoon(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#send(), afterMs)
  }

  async #send(): Promise<void> {
    if (this.#paused) return
    if (this.#sending) {
      this.#askedAgain = true
      return
    }
    this.#sending = true
    this.#askedAgain = false
    try {
      await this.#loaded()
      while (!this.#paused && (await this.#sendBatch()));
      this.#failures = 0
    } catch (error) {
      this.#sendAgainAfter(error)
    } finally {
      this.#sending = false
    }
  }

  #sendAgainAfter(error: unknown): void {
    // While nobody is signed in there is nobody to send as, and the next sign-in asks.
    if (this.#paused || this.#options.currentUserId() === undefined) return
    if (isTokenRefused(error) && this.#askedAgain) {
      // Perhaps by a sign-in: the token was another session's.
      this.#sendSoon(0)
    } else {
      this.#sendSoon(backoffMs(this.#options.backoff, this.#failures))
      this.#failures += 1
    }
  }

  /** False when there is nothing to send. */
  async #sendBatch(): Promise<boolean> {
    const userId = this.#options.currentUserId()
    const batch = this.#queued.filter(entry => entry.userId === userId).slice(0, this.#batch)
    if (batch.length === 0) return false
    const events = batch.map(({ event }) => event)
    const receipts = await this.#receiptsFor(events)
    if (receipts !== undefined) {
      this.#drop(batch)
      callBack(this.#options.onReceipts, receipts, events)
      await this.#save()
    }
    return true
  }

  /** Undefined when the batch was refused as a whole and a smaller one is to be tried. */
  async #receiptsFor(events: readonly object[]): Promise<readonly Receipt[] | undefined> {
    try {
      const receipts = await this.#options.submit(events, () => !this.#paused)
      this.#batch = Math.min(this.#batch * 2, maxBatch)
      return receipts
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (events.length === 1) return events.map(rejected)
      this.#batch = Math.ceil(events.length / 2)
      return undefined
    }
  }

  #drop(entries: readonly QueuedEvent[]): void {
    const gone = new Set(entries)
    this.#queued = this.#queued.filter(entry => !gone.has(entry))
  }

  /** Resolves when what is queued now is in the storage; calls that come meanwhile share one more write. */
  #save(): Promise<void> {
    const { storage } = this.#options
    if (storage === undefined || this.#saveWanted) return this.#saving
    this.#saveWanted = true
    const write = async (): Promise<void> => {
      this.#saveWanted = false
      await storage.save(this.#queued)
    }
    this.#saving = this.#saving.then(write, write)
    return this.#saving
  }
}
