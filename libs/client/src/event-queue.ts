// Events on their way to the server, kept until there is a receipt for each: offline, over restarts of the app, and
// whatever fails in between. Sending an event twice is harmless, so what is in doubt is sent again.
import type { Receipt } from '@cairn/contracts'
import { backoffMs, type Backoff } from './backoff.ts'
import { isProblem, retryAfterMsOf } from './cairn-problem.ts'
import { callBack } from './call-back.ts'
import { maxEventsPerRequest, type submitEvents } from './submit-events.ts'
import type { UserSession } from './user-session.ts'

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
  readonly submit: typeof submitEvents
  /** Undefined while nobody is signed in. */
  readonly currentSession: () => UserSession | undefined
  readonly storage: EventStorage | undefined
  /** Called once for each batch: `receipts[i]` is that of `events[i]`. */
  readonly onReceipts: ((receipts: readonly Receipt[], events: readonly object[]) => void) | undefined
  readonly backoff: Backoff
  /** Events kept at most, over all users. */
  readonly maxEvents: number
}

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
  /** Queued, but perhaps not kept yet: whoever recorded them may still be told that they are not. */
  readonly #unsaved = new Set<QueuedEvent>()
  #sending = false
  #paused = false
  #batch = maxEventsPerRequest
  #failures = 0
  /** By `performance.now()`: until then the server is left alone, and only `flush` knows better. */
  #notBefore = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: EventQueueOptions) {
    this.#options = options
    this.#sendSoon()
  }

  /** Events without a receipt yet. */
  get size(): number {
    return this.#queued.length
  }

  /** Resolves when the event is kept for certain; rejects when it is not: nobody signed in, no JSON, queue full, storage failed. */
  async record(event: object): Promise<void> {
    const userId = this.#options.currentSession()?.userId
    if (userId === undefined) throw new Error('Nobody is signed in.')
    JSON.stringify(event)
    this.#paused = false
    await this.#loaded()
    if (this.#queued.length >= this.#options.maxEvents) throw new Error('The queue of events is full.')
    const entry = { userId, event }
    this.#queued.push(entry)
    this.#unsaved.add(entry)
    try {
      await this.#save()
    } catch (error) {
      this.#drop([entry])
      throw error
    } finally {
      this.#unsaved.delete(entry)
    }
    this.#sendSoon()
  }

  /** Tries again at once: the network is back, or somebody has signed in. */
  flush(): void {
    this.#paused = false
    this.#failures = 0
    this.#notBefore = 0
    this.#sendSoon()
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

  #sendSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#send(), Math.max(0, this.#notBefore - performance.now()))
  }

  async #send(): Promise<void> {
    if (this.#paused || this.#sending) return
    this.#sending = true
    let session: UserSession | undefined
    try {
      await this.#loaded()
      do session = this.#options.currentSession()
      while (!this.#paused && session !== undefined && (await this.#sendBatch(session)))
      this.#failures = 0
    } catch (error) {
      // What became of an earlier session says nothing of the current one.
      if (session === this.#options.currentSession()) this.#backOff(error)
      if (!this.#paused) this.#sendSoon()
    } finally {
      this.#sending = false
    }
  }

  #backOff(error: unknown): void {
    const ms = retryAfterMsOf(error) + backoffMs(this.#options.backoff, this.#failures)
    this.#notBefore = performance.now() + ms
    this.#failures += 1
  }

  /** False when there is nothing to send. */
  async #sendBatch(session: UserSession): Promise<boolean> {
    const batch = this.#queued
      .filter(entry => entry.userId === session.userId && !this.#unsaved.has(entry))
      .slice(0, this.#batch)
    if (batch.length === 0) return false
    const events = batch.map(({ event }) => event)
    const receipts = await this.#receiptsFor(session, events)
    if (receipts !== undefined) {
      this.#drop(batch)
      callBack(this.#options.onReceipts, receipts, events)
      await this.#save()
    }
    return true
  }

  /** Undefined when the batch was refused as a whole and a smaller one is to be tried. */
  async #receiptsFor(session: UserSession, events: readonly object[]): Promise<readonly Receipt[] | undefined> {
    const isWanted = (): boolean => !this.#paused && this.#options.currentSession() === session
    try {
      const receipts = await this.#options.submit(session, events, isWanted)
      this.#batch = Math.min(this.#batch * 2, maxEventsPerRequest)
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
