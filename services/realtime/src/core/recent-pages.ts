// The newest pages of one user's log as they came over the bus, without a gap between them. Who was away for a moment gets
// them from here instead of from progress. Bounded in number, bytes and age, and by what all users of the node share; how far
// the log goes is known all the same.
import type { Head } from '@cairn/contracts'
import type { PageRange } from '../domain/judge-page.ts'
import type { Frame } from './frame.ts'

/** A page as it came over the bus, with the one frame that all sockets share. */
export interface LivePage extends PageRange {
  readonly frame: Frame
}

export interface RecentLimits {
  readonly pages: number
  /** Of one user, in characters of JSON. */
  readonly bytes: number
  readonly ageMs: number
}

/** What all users of the node keep together. */
export class RecentBudget {
  readonly #limit: number
  #used = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get used(): number {
    return this.#used
  }

  take(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false
    this.#used += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#used -= bytes
  }
}

interface Kept {
  readonly page: LivePage
  readonly at: number
}

const sizeOf = ({ page }: Kept): number => page.frame.data.length

export class RecentPages {
  readonly #limits: RecentLimits
  readonly #budget: RecentBudget
  #kept: Kept[] = []
  #bytes = 0
  #additions = 0
  #newest: Head | undefined

  constructor(limits: RecentLimits, budget: RecentBudget) {
    this.#limits = limits
    this.#budget = budget
  }

  /** How many new pages ever came: to tell later what was there before. */
  get additions(): number {
    return this.#additions
  }

  /** The end of the newest page that came, whether it is kept or not. */
  get newest(): Head | undefined {
    return this.#newest
  }

  /** Undefined when it is not kept. */
  get newestPage(): LivePage | undefined {
    return this.#kept.at(-1)?.page
  }

  /** A page that is known changes nothing; one that does not continue the newest takes the place of all. */
  add(page: LivePage, now: number): void {
    const newest = this.#newest
    if (newest !== undefined && page.epoch === newest.epoch && page.to_seq <= newest.seq) return
    if (newest !== undefined && (page.epoch !== newest.epoch || page.from_seq !== newest.seq + 1)) this.#drop()
    this.prune(now)
    const kept = { page, at: now }
    this.#additions += 1
    this.#newest = { epoch: page.epoch, seq: page.to_seq }
    if (!this.#budget.take(sizeOf(kept))) {
      this.#drop()
      return
    }
    this.#kept.push(kept)
    this.#bytes += sizeOf(kept)
    while (this.#kept.length > this.#limits.pages || this.#bytes > this.#limits.bytes) this.#dropOldest()
  }

  /** The pages that continue `position` up to the newest; undefined when one is missing, or none has come. */
  after({ epoch, seq }: Head): readonly LivePage[] | undefined {
    const newest = this.#newest
    if (newest === undefined || newest.epoch !== epoch || newest.seq < seq) return undefined
    if (newest.seq === seq) return []
    const start = this.#kept.findIndex(({ page }) => page.from_seq === seq + 1)
    return start === -1 ? undefined : this.#kept.slice(start).map(({ page }) => page)
  }

  prune(now: number): void {
    while (this.#kept[0] !== undefined && now - this.#kept[0].at > this.#limits.ageMs) this.#dropOldest()
  }

  /** As if no page had ever come. */
  clear(): void {
    this.#drop()
    this.#newest = undefined
  }

  #drop(): void {
    this.#budget.giveBack(this.#bytes)
    this.#kept = []
    this.#bytes = 0
  }

  #dropOldest(): void {
    const oldest = this.#kept.shift()
    if (oldest === undefined) return
    this.#bytes -= sizeOf(oldest)
    this.#budget.giveBack(sizeOf(oldest))
  }
}
