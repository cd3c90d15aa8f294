// Parts of incidents that wait in memory, where neither the bus nor the disk takes them: the latest of each subject, bounded.
import type { SpooledPart } from './spool.ts'

const maxBytes = 4_194_304

export class HeldParts {
  readonly #parts = new Map<string, SpooledPart>()
  #bytes = 0

  get all(): SpooledPart[] {
    return [...this.#parts.values()]
  }

  has(part: SpooledPart): boolean {
    return this.#parts.get(part.subject) === part
  }

  /** Of more than there is room for the oldest goes. */
  add(part: SpooledPart): void {
    this.remove(part.subject)
    this.#parts.set(part.subject, part)
    this.#bytes += Buffer.byteLength(part.payload)
    for (const { subject } of this.#parts.values()) {
      if (this.#bytes <= maxBytes) return
      this.remove(subject)
    }
  }

  remove(subject: string): void {
    this.#bytes -= Buffer.byteLength(this.#parts.get(subject)?.payload ?? '')
    this.#parts.delete(subject)
  }

  takeAll(): SpooledPart[] {
    const { all } = this
    this.#parts.clear()
    this.#bytes = 0
    return all
  }
}
