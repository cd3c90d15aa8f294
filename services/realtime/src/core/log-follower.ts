// One socket's place in its user's log. Everything that is sent of the log is sent from here, in the order of `seq`.
//
// Live, a page that fits is passed on as it came. Anything else (a hole, an overlap, another epoch, a full outbound
// queue, a bus that was away, a `resume`) makes the follower fall behind: from then on nothing is passed on, pages that
// come in are kept, and the log is read from progress page by page. When a read reaches the head, every page that was
// known before that read began is contained in it and goes; later ones are judged again, and the follower is live.
import { CairnError, type ChangesPage, type Head } from '@cairn/contracts'
import { judgePage, type PageRange } from '../domain/judge-page.ts'
import type { Frame } from './frame.ts'

/** A page as it came over the bus, with the one frame that all sockets share. */
export interface LivePage extends PageRange {
  readonly frame: Frame
}

export interface LogFollowerOptions {
  readonly readChanges: (position: Head) => Promise<ChangesPage>
  readonly readHead: () => Promise<Head>
  readonly sendLive: (frame: Frame) => void
  readonly sendPage: (page: ChangesPage) => void
  /** The client has to start again from a snapshot; it is live from `head` on. */
  readonly sendReset: (head: Head) => void
  /** False while so much waits to go out that no more may be added. */
  readonly hasRoom: () => boolean
  readonly onReadFailed: (error: unknown) => void
  /** Pages kept while behind; of more the oldest goes, which leaves a gap that is found and read. */
  readonly maxKeptPages: number
  /** More events than this are never caught up with; the client is told to start again. */
  readonly maxEventsBehind: number
  /** Milliseconds until a failed read is tried again; half of it up to half more, by chance. */
  readonly retryDelayMs: number
}

export class LogFollower {
  readonly #options: LogFollowerOptions
  #position: Head = { epoch: '', seq: 0 }
  #state: 'opening' | 'live' | 'behind' | 'stopped' = 'opening'
  #kept: LivePage[] = []
  #reading = false
  #retryAt = 0
  /** A `resume` is answered by at least one page, also when nothing was missed. */
  #owesAnswer = false
  /** Counts resumes: what was read for an earlier one is not sent. */
  #resumes = 0

  constructor(options: LogFollowerOptions) {
    this.#options = options
  }

  /** Live from `head` on, with what has come in since before it was read. */
  begin(head: Head): void {
    this.#position = head
    this.#goLive()
  }

  receive(page: LivePage): void {
    if (this.#state !== 'live') {
      this.#keep(page)
      return
    }
    const judgement = judgePage(this.#position, page)
    if (judgement === 'known') return
    if (judgement === 'fits' && this.#options.hasRoom()) {
      this.#position = { epoch: page.epoch, seq: page.to_seq }
      this.#options.sendLive(page.frame)
      return
    }
    this.#keep(page)
    this.fallBehind()
  }

  /** Goes back (or on) to `position`; replaces a resume that is still being answered. */
  resume(position: Head): void {
    if (this.#state === 'stopped') return
    this.#resumes += 1
    this.#position = position
    this.#owesAnswer = true
    this.fallBehind()
  }

  /** Pages may have been lost: compares with the log itself before anything else is sent. */
  fallBehind(): void {
    if (this.#state === 'stopped' || this.#state === 'opening') return
    this.#state = 'behind'
    this.#retryAt = 0
    this.continue(0)
  }

  /** Reads on if there is need and room; `now` in milliseconds of `performance.now()`. */
  continue(now: number): void {
    if (this.#state !== 'behind' || this.#reading || now < this.#retryAt || !this.#options.hasRoom()) return
    this.#reading = true
    this.#catchUp()
      .catch((error: unknown) => {
        this.#retryAt = performance.now() + this.#options.retryDelayMs * (0.5 + Math.random())
        this.#options.onReadFailed(error)
      })
      .finally(() => {
        this.#reading = false
      })
  }

  stop(): void {
    this.#state = 'stopped'
    this.#kept = []
  }

  async #catchUp(): Promise<void> {
    let begun = false
    while (this.#state === 'behind' && this.#options.hasRoom()) {
      const resumes = this.#resumes
      const newestKept = this.#kept.at(-1)
      const found = await this.#read(begun)
      if (this.#isStopped()) return
      begun = resumes === this.#resumes
      if (!begun) continue
      const reachedHead = 'reset' in found ? this.#reset(found.reset) : this.#send(found)
      if (reachedHead) {
        if (newestKept !== undefined) this.#kept.splice(0, this.#kept.indexOf(newestKept) + 1)
        this.#goLive()
      }
    }
  }

  /** The next page, or the head to start again from. */
  async #read(begun: boolean): Promise<ChangesPage | { reset: Head }> {
    const position = this.#position
    try {
      const page = await this.#options.readChanges(position)
      const tooFar = !begun && page.head.seq - position.seq > this.#options.maxEventsBehind
      return tooFar ? { reset: page.head } : page
    } catch (error) {
      if (!(error instanceof CairnError && error.code === 'resync_required')) throw error
      return { reset: await this.#options.readHead() }
    }
  }

  #send(page: ChangesPage): boolean {
    this.#position = { epoch: page.epoch, seq: page.to_seq }
    if (page.events.length > 0 || this.#owesAnswer) this.#options.sendPage(page)
    return !page.has_more
  }

  #reset(head: Head): boolean {
    this.#position = head
    this.#options.sendReset(head)
    return true
  }

  #goLive(): void {
    this.#state = 'live'
    this.#owesAnswer = false
    for (const page of this.#kept.splice(0)) this.receive(page)
  }

  #keep(page: LivePage): void {
    if (this.#state === 'stopped') return
    this.#kept.push(page)
    if (this.#kept.length > this.#options.maxKeptPages) this.#kept.shift()
  }

  /** A method, since the compiler does not see that the state may have changed while something was awaited. */
  #isStopped(): boolean {
    return this.#state === 'stopped'
  }
}
