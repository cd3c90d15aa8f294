// What this device knows of the user's progress: the server's own state, page by page. A page carries the current state of
// everything it touched, so there are no rules to repeat here; only the order of pages matters.
import type { ChangesPage, Head, Item, LoggedEvent, Streak, Totals, Track } from '@cairn/contracts'
import { callBack } from './call-back.ts'

/** `gap`: events are missing before this page. `other_epoch`: it is of another history. In both cases nothing was taken. */
export type Applied = 'applied' | 'known' | 'gap' | 'other_epoch'

export interface LocalLogOptions {
  /** Called once for every event, in the order of `seq`, after the state has been taken over. */
  readonly onEvents?: ((events: readonly LoggedEvent[]) => void) | undefined
  /** Everything known so far is void; the log begins anew. */
  readonly onReset?: (() => void) | undefined
}

const itemKey = ({ track_id, item_id }: Item): string => JSON.stringify([track_id, item_id])

export class LocalLog {
  readonly #options: LocalLogOptions
  readonly #items = new Map<string, Item>()
  readonly #tracks = new Map<string, Track>()
  #userId: string | undefined
  #head: Head | undefined
  #totals: Totals | undefined
  #streak: Streak | undefined

  constructor(options: LocalLogOptions = {}) {
    this.#options = options
  }

  /** Whose log it is. */
  get userId(): string | undefined {
    return this.#userId
  }

  /** Up to where the log is known; undefined before the first page. */
  get head(): Head | undefined {
    return this.#head
  }

  get totals(): Totals | undefined {
    return this.#totals
  }

  get streak(): Streak | undefined {
    return this.#streak
  }

  get items(): readonly Item[] {
    return [...this.#items.values()]
  }

  get tracks(): readonly Track[] {
    return [...this.#tracks.values()]
  }

  /** Takes over a page, whether it came over HTTP or was pushed. */
  apply(page: ChangesPage): Applied {
    const { epoch, seq } = this.#head ?? { epoch: page.epoch, seq: 0 }
    if (page.epoch !== epoch) return 'other_epoch'
    if (page.from_seq > seq + 1) return 'gap'
    if (page.to_seq < seq || (page.to_seq === seq && this.#head !== undefined)) return 'known'
    for (const item of page.items) this.#items.set(itemKey(item), item)
    for (const track of page.tracks) this.#tracks.set(track.track_id, track)
    this.#totals = page.totals
    this.#streak = page.streak
    this.#head = { epoch, seq: page.to_seq }
    const events = page.events.filter(event => event.seq > seq)
    if (events.length > 0) callBack(this.#options.onEvents, events)
    return 'applied'
  }

  /** From now on it is the log of this user; what is known of another one is forgotten, as positions mean nothing across users. */
  belongTo(userId: string): void {
    const another = this.#userId !== undefined && this.#userId !== userId
    this.#userId = userId
    if (another) this.reset()
  }

  /** Forgets everything. */
  reset(): void {
    this.#items.clear()
    this.#tracks.clear()
    this.#head = undefined
    this.#totals = undefined
    this.#streak = undefined
    callBack(this.#options.onReset)
  }
}
