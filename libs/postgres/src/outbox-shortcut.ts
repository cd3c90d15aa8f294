// Publishes rows of an outbox right after their commit, without reading them back: only those of which it is known that all
// that precedes them on their subject is published. Each names what it follows; of the subjects published lately it is known
// what came last. So a subject keeps its order whoever else writes to it, and nothing is lost when this fails: the rows stay
// in the table until they are deleted, and the relay looks for all that was not taken here.

/** A row as it is stored. */
export interface OutboxRow {
  readonly id: number
  readonly subject: string
  readonly message_id: string
  readonly payload: string
  /** The request it was written for. */
  readonly origin: string | null
}

/** A row that has been committed just now. */
export interface CommittedRow extends OutboxRow {
  /** The `message_id` of what directly precedes it on its subject. */
  readonly follows: string
}

export interface OutboxShortcutOptions {
  readonly publish: (row: OutboxRow) => Promise<void>
  /** Of the latest so many subjects it is known what came last, and of up to twice as many (or four times those in use); 0: nothing is taken. */
  readonly leastSubjects: number
  /** Rows on their way at the same time; more are looked for. */
  readonly maxUnderWay: number
  /** Rows that may wait to be deleted; beyond it they are looked for. */
  readonly maxPublished: number
  /** Called when a row was published, or could not be. */
  readonly onSettled: (published: boolean) => void
}

/** What is known of a subject. */
interface Line {
  /** The message that came last, those on their way here included; undefined: something could not be published. */
  last: string | undefined
  /** One of its rows is being published here. */
  isBusy: boolean
  /** Behind that one. */
  readonly behind: OutboxRow[]
  /** A look is publishing its rows. */
  isLooked: boolean
}

export class OutboxShortcut {
  readonly #options: OutboxShortcutOptions
  /** By subject. Given up a generation at a time: to take subjects out of a Map one by one is dear. */
  #young = new Map<string, Line>()
  #old = new Map<string, Line>()
  #underWay = 0
  /** Lines that are busy or looked at. */
  #inUse = 0
  /** Ids. */
  readonly #published = new Set<number>()
  #whenSettled: (() => void)[] = []

  constructor(options: OutboxShortcutOptions) {
    this.#options = options
  }

  /** Rows that wait to be deleted. */
  get publishedCount(): number {
    return this.#published.size
  }

  hasPublished(id: number): boolean {
    return this.#published.has(id)
  }

  /** Ids of the rows published since the last call. */
  takePublished(): readonly number[] {
    const ids = [...this.#published]
    this.#published.clear()
    return ids
  }

  /** False: it has to be looked for. */
  take(row: CommittedRow): boolean {
    const { leastSubjects, maxUnderWay, maxPublished } = this.#options
    if (leastSubjects === 0 || this.#underWay >= maxUnderWay || this.#published.size >= maxPublished) return false
    const line = this.#find(row.subject)
    if (line === undefined || line.isLooked || line.last !== row.follows) return false
    line.last = row.message_id
    this.#underWay += 1
    if (line.isBusy) line.behind.push(row)
    else void this.#run(line, row)
    return true
  }

  /** Whether a look may publish rows of this subject: not while others are on their way here. If so, it has to end. */
  lookBegins(subject: string): boolean {
    const line =
      this.#find(subject) ?? this.#remember(subject, { last: undefined, isBusy: false, behind: [], isLooked: false })
    if (line.isBusy) return false
    line.isLooked = true
    this.#inUse += 1
    return true
  }

  /** It has published this one of the subject last; undefined when something could not be published. */
  lookEnds(subject: string, lastMessageId: string | undefined): void {
    const line = this.#find(subject)
    if (line === undefined) return
    line.isLooked = false
    this.#inUse -= 1
    line.last = lastMessageId
    if (lastMessageId === undefined) this.#forget(subject)
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>(resolve => this.#whenSettled.push(resolve))
  }

  /** Publishes the row and what has come behind it meanwhile, up to the first that could not be. */
  async #run(line: Line, first: OutboxRow): Promise<void> {
    let isOpen = true
    line.isBusy = true
    this.#inUse += 1
    for (let row: OutboxRow | undefined = first; row !== undefined; row = line.behind.shift()) {
      isOpen &&= await this.#publish(row)
      if (isOpen) this.#published.add(row.id)
      else line.last = undefined
      this.#underWay -= 1
      this.#options.onSettled(isOpen)
    }
    line.isBusy = false
    this.#inUse -= 1
    if (!isOpen) this.#forget(first.subject)
    if (this.#underWay === 0) for (const resolve of this.#whenSettled.splice(0)) resolve()
  }

  async #publish(row: OutboxRow): Promise<boolean> {
    try {
      await this.#options.publish(row)
      return true
    } catch {
      // The look that follows meets the failure again, and tells of it.
      return false
    }
  }

  #find(subject: string): Line | undefined {
    const young = this.#young.get(subject)
    if (young !== undefined) return young
    const old = this.#old.get(subject)
    return old === undefined ? undefined : this.#remember(subject, old)
  }

  #forget(subject: string): void {
    this.#young.delete(subject)
    this.#old.delete(subject)
  }

  #remember(subject: string, line: Line): Line {
    // Half of them at least are given up: what is in use may be more than is to be known.
    if (this.#young.size >= Math.max(this.#options.leastSubjects, 2 * this.#inUse)) {
      const inUse = [...this.#old].filter(([, one]) => one.isBusy || one.isLooked)
      this.#old = this.#young
      this.#young = new Map(inUse)
    }
    this.#young.set(subject, line)
    return line
  }
}
