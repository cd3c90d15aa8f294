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
  /** Of so many subjects it is known what came last. */
  readonly maxSubjects: number
  /** Rows on their way at the same time; more are looked for. */
  readonly maxUnderWay: number
  /** Rows that may wait to be deleted; beyond it they are looked for. */
  readonly maxPublished: number
  /** Called when a row was published, or could not be. */
  readonly onSettled: (published: boolean) => void
}

interface Line {
  /** Resolves with false once a row of it could not be published. */
  tail: Promise<boolean>
  rows: number
}

export class OutboxShortcut {
  readonly #options: OutboxShortcutOptions
  /** By subject, the least lately published first: the message that came last, those on their way here included. */
  readonly #last = new Map<string, string>()
  /** Subjects of which rows are on their way here. */
  readonly #lines = new Map<string, Line>()
  /** Subjects whose rows a look is publishing. */
  readonly #looked = new Set<string>()
  #underWay = 0
  /** Ids. */
  readonly #published = new Set<number>()

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
    const { subject, follows, message_id: messageId } = row
    const { maxUnderWay, maxPublished } = this.#options
    if (this.#underWay >= maxUnderWay || this.#published.size >= maxPublished) return false
    if (this.#looked.has(subject) || this.#last.get(subject) !== follows) return false
    this.#remember(subject, messageId)
    void this.#append(row)
    return true
  }

  /** Whether a look may publish rows of this subject: not while others are on their way here. If so, it has to end. */
  lookBegins(subject: string): boolean {
    if (this.#lines.has(subject)) return false
    this.#looked.add(subject)
    return true
  }

  /** It has published this one of the subject last; undefined when something could not be published. */
  lookEnds(subject: string, lastMessageId: string | undefined): void {
    this.#looked.delete(subject)
    if (lastMessageId === undefined) this.#last.delete(subject)
    else this.#remember(subject, lastMessageId)
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(line => line.tail))
  }

  async #append(row: CommittedRow): Promise<void> {
    const { subject } = row
    const line = this.#lines.get(subject) ?? { tail: Promise.resolve(true), rows: 0 }
    this.#lines.set(subject, line)
    this.#underWay += 1
    line.rows += 1
    line.tail = line.tail.then(open => open && this.#publish(row))
    const published = await line.tail
    this.#underWay -= 1
    line.rows -= 1
    if (line.rows === 0) this.#lines.delete(subject)
    if (published) this.#published.add(row.id)
    else this.#last.delete(subject)
    this.#options.onSettled(published)
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

  #remember(subject: string, messageId: string): void {
    this.#last.delete(subject)
    this.#last.set(subject, messageId)
    if (this.#last.size <= this.#options.maxSubjects) return
    const [oldest] = this.#last.keys()
    if (oldest !== undefined) this.#last.delete(oldest)
  }
}
