// One socket's place in its user's log. Everything that is sent of the log is sent from here, in the order of `seq`.
//
// Live, a page that fits is passed on as it came. Anything else (a hole, an overlap, another epoch, a full outbound
// queue, a bus that was away, a `resume`) makes the follower fall behind, and nothing is passed on any more. It catches up
// from the node's recent pages where those continue its position, else by reading the log from progress, page by page up
// to the head. Pages that come in meanwhile are among the recent ones: what continues the head is sent, and the follower
// is live. Whenever pages may have been lost, a read that begins after that moment has to reach the head first.
import { CairnError, type ChangesPage, type Head } from '@cairn/contracts'
import { judgePage } from '../domain/judge-page.ts'
import { mergePages } from '../domain/merge-pages.ts'
import type { FollowedLog, FollowerLimits, FollowerOutlet } from './followed-log.ts'
import { frameOf } from './frame.ts'
import type { LivePage } from './recent-pages.ts'

const parse = ({ frame }: LivePage): ChangesPage => JSON.parse(frame.data) as ChangesPage

export class LogFollower {
  readonly #log: FollowedLog
  readonly #outlet: FollowerOutlet
  readonly #limits: FollowerLimits
  #position: Head = { epoch: '', seq: 0 }
  /** Up to where the log is known to go: never answered by less. */
  #knownSeq = 0
  #state: 'opening' | 'live' | 'behind' | 'stopped' = 'opening'
  #reading = false
  #incidentId: string | undefined
  #retryAt = 0
  /** Reads that failed one after the other. */
  #failures = 0
  /** Counts moments at which pages may have been lost; a read settles those before it began. */
  #doubts = 0
  #settledDoubts = 0
  /** A `resume` is answered by at least one page, also when nothing was missed. */
  #owesAnswer = false
  /** Counts resumes: what was read for an earlier one is not sent. */
  #resumes = 0

  constructor(log: FollowedLog, outlet: FollowerOutlet, limits: FollowerLimits) {
    this.#log = log
    this.#outlet = outlet
    this.#limits = limits
  }

  get isBehind(): boolean {
    return this.#state === 'behind'
  }

  /** Of the failure that keeps it from catching up. */
  get incidentId(): string | undefined {
    return this.#incidentId
  }

  /** Live from `head` on, with what has come in since before it was read. */
  begin(head: Head): void {
    this.#position = head
    this.#knownSeq = head.seq
    this.#state = 'behind'
    this.continue(0)
  }

  /** The page is among the recent ones already. */
  receive(page: LivePage): void {
    if (this.#state !== 'live') return
    const judgement = judgePage(this.#position, page)
    if (judgement === 'known') return
    if (judgement === 'fits' && this.#outlet.hasRoom) {
      this.#pass(page)
      return
    }
    if (judgement !== 'fits') this.#doubts += 1
    this.#fallBehind()
  }

  /** Goes back (or on) to `position`; replaces a resume that is still being answered. */
  resume(position: Head): void {
    if (this.#state === 'stopped') return
    this.#resumes += 1
    this.#position = position
    this.#owesAnswer = true
    this.#fallBehind()
  }

  /** Pages may have been lost: compares with the log itself before anything else is sent. */
  doubt(): void {
    if (this.#state === 'stopped' || this.#state === 'opening') return
    this.#doubts += 1
    this.#fallBehind()
  }

  /** The log is known to go to `head`. */
  checkAgainst(head: Head): void {
    const { epoch, seq } = this.#position
    if (this.#state === 'live' && (epoch !== head.epoch || seq < head.seq)) this.doubt()
  }

  /** Catches up if there is need and room; `now` in milliseconds of `performance.now()`. */
  continue(now: number): void {
    if (this.#state !== 'behind' || this.#reading || now < this.#retryAt || !this.#outlet.hasRoom) return
    if (this.#doubts === this.#settledDoubts && this.#catchUpFromRecent()) return
    this.#reading = true
    void this.#catchUpOnce()
  }

  stop(): void {
    this.#state = 'stopped'
  }

  /** Nobody waits for what fails after the socket has gone. */
  async #catchUpOnce(): Promise<void> {
    const work = (): Promise<void> =>
      this.#catchUp().catch((error: unknown) => {
        if (!this.#isStopped()) throw error
      })
    this.#incidentId = await this.#log.catchUp(work)
    this.#reading = false
    if (this.#incidentId !== undefined) this.#waitToRetry()
    if (this.#state === 'behind') this.#outlet.wake()
  }

  #waitToRetry(): void {
    const delayMs = Math.min(this.#limits.retryDelayMs * 2 ** this.#failures, this.#limits.maxRetryDelayMs)
    this.#failures += 1
    this.#retryAt = performance.now() + delayMs * (0.5 + Math.random())
  }

  #fallBehind(): void {
    this.#state = 'behind'
    this.#retryAt = 0
    this.continue(0)
    if (this.isBehind) this.#outlet.wake()
  }

  /** Nothing is owed any more, whichever way it came: failures before are over. */
  #beLive(): void {
    this.#state = 'live'
    this.#incidentId = undefined
    this.#failures = 0
  }

  /** False when the log has to be read. True when the follower is live, or waits for room. */
  #catchUpFromRecent(): boolean {
    const { recent } = this.#log
    const newest = recent.newest
    if (this.#owesAnswer) return this.#answerFromRecent(newest)
    // A position that is further than anything that came in is the head itself, as it was read.
    if (newest === undefined || (newest.epoch === this.#position.epoch && newest.seq <= this.#position.seq)) {
      this.#beLive()
      return true
    }
    const pages = recent.after(this.#position)
    if (pages === undefined) return false
    for (const page of pages) {
      if (!this.#outlet.hasRoom) return true
      this.#pass(page)
    }
    this.#beLive()
    return true
  }

  #answerFromRecent(newest: Head | undefined): boolean {
    const { recent } = this.#log
    const last = recent.newestPage
    const pages = recent.after(this.#position)
    if (newest === undefined || last === undefined || pages === undefined || newest.seq < this.#knownSeq) return false
    if (newest.seq - this.#position.seq > this.#limits.maxEventsBehind) return false
    if (pages.reduce((bytes, { frame }) => bytes + frame.data.length, 0) > this.#limits.maxPageBytes) return false
    this.#sendPage(mergePages(this.#position.seq, pages.map(parse), parse(last)))
    this.#beLive()
    return true
  }

  async #catchUp(): Promise<void> {
    let begun = false
    while (this.#state === 'behind' && this.#outlet.hasRoom) {
      const [resumes, doubts, additions] = [this.#resumes, this.#doubts, this.#log.recent.additions]
      const found = await this.#read(begun)
      if (found === undefined || this.#isStopped()) return
      this.#failures = 0
      begun = resumes === this.#resumes
      if (!begun) continue
      const reachedHead = 'reset' in found ? this.#reset(found.reset) : this.#sendPage(found)
      if (!reachedHead) continue
      this.#settledDoubts = doubts
      // What was kept before the read began and goes beyond the head is not of this log.
      if (this.#log.recent.additions === additions) this.#forgetBeyond(this.#position)
      if (doubts === this.#doubts && this.#catchUpFromRecent()) return
    }
  }

  #forgetBeyond({ epoch, seq }: Head): void {
    const { recent } = this.#log
    const { newest } = recent
    if (newest !== undefined && (newest.epoch !== epoch || newest.seq > seq)) recent.clear()
  }

  /** The next page, or the head to start again from; undefined once stopped. */
  async #read(begun: boolean): Promise<ChangesPage | { reset: Head } | undefined> {
    const position = this.#position
    try {
      const page = await this.#log.readChanges(position, () => !this.#isStopped())
      if (page === undefined) return undefined
      const tooFar = !begun && page.head.seq - position.seq > this.#limits.maxEventsBehind
      return tooFar ? { reset: page.head } : page
    } catch (error) {
      if (!(error instanceof CairnError && error.code === 'resync_required')) throw error
      return { reset: await this.#log.readHead() }
    }
  }

  #pass({ epoch, to_seq: seq, frame }: LivePage): void {
    this.#position = { epoch, seq }
    this.#knownSeq = Math.max(this.#knownSeq, seq)
    this.#outlet.send(frame)
  }

  /** Whether it ends at the head. */
  #sendPage(page: ChangesPage): boolean {
    this.#position = { epoch: page.epoch, seq: page.to_seq }
    this.#knownSeq = page.head.seq
    if (page.events.length > 0 || this.#owesAnswer) this.#outlet.send(frameOf('progress.changed', page))
    if (!page.has_more) this.#owesAnswer = false
    return !page.has_more
  }

  #reset(head: Head): boolean {
    this.#position = head
    this.#knownSeq = head.seq
    this.#owesAnswer = false
    this.#outlet.send(frameOf('resume.reset', { head }))
    return true
  }

  /** A method, since the compiler does not see that the state may have changed while something was awaited. */
  #isStopped(): boolean {
    return this.#state === 'stopped'
  }
}
