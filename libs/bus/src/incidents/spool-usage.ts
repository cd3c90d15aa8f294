// How full a spool is: what was found when it was last looked at, and what this process has written since. Others write to the
// same directory, so it is looked at again now and then.
import type { SpoolEntry } from './spool-directory.ts'

export interface SpoolLimits {
  readonly maxBytes: number
  readonly maxFiles: number
}

const measureEveryMs = 10_000

export class SpoolUsage {
  readonly #limits: SpoolLimits
  #found = { bytes: 0, files: 0 }
  /** Since the latest look began. What was there before counts twice if it is written anew: rather too much than too little. */
  #written = { bytes: 0, files: 0 }
  #measuredAt = Number.NEGATIVE_INFINITY

  constructor(limits: SpoolLimits) {
    this.#limits = limits
  }

  get isStale(): boolean {
    return performance.now() - this.#measuredAt >= measureEveryMs
  }

  /** A look begins; to be called with what it found. */
  measure(): (entries: readonly SpoolEntry[]) => void {
    const { bytes, files } = this.#written
    return entries => {
      this.#measuredAt = performance.now()
      this.#found = { bytes: entries.reduce((sum, { size }) => sum + size, 0), files: entries.length }
      this.#written = {
        bytes: Math.max(0, this.#written.bytes - bytes),
        files: Math.max(0, this.#written.files - files),
      }
    }
  }

  /** Throws when there is no room for it. */
  add(bytes: number): void {
    const isFull =
      this.#found.bytes + this.#written.bytes + bytes > this.#limits.maxBytes ||
      this.#found.files + this.#written.files + 1 > this.#limits.maxFiles
    if (isFull) throw new Error('the spool of incidents is full')
    this.#written.bytes += bytes
    this.#written.files += 1
  }

  /** It could not be written. */
  takeBack(bytes: number): void {
    this.#written.bytes -= bytes
    this.#written.files -= 1
  }
}
