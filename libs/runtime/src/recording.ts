// What is kept of one request in one service: its latest records, bounded by lines and bytes. Lines come serialised and
// redacted, so nothing that changes later can leak into them; notes hold what nobody changes.
import type { SpanRecord } from './span.ts'

export interface RecordingLimits {
  readonly maxLines: number
  readonly maxBytes: number
}

const cut = (value: unknown, length: number): unknown =>
  typeof value === 'string' && value.length > length ? `${value.slice(0, length)}…` : value

const recordIn = (line: string): Record<string, unknown> => {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return { message: 'a line that is no record' }
  }
}

/** Still a record: its longest texts and lists cut, or, where there is too much of it all, what it is and what went wrong. */
const shorten = (line: string, maxBytes: number): string => {
  const record = recordIn(line)
  const cutTo = (length: number) => (_name: string, value: unknown) =>
    Array.isArray(value) ? value.slice(0, 20) : cut(value, length)
  const short = JSON.stringify(record, cutTo(2_000))
  if (short.length <= maxBytes) return short
  const { level, time, service, message, error } = record
  const { type, message: reason, code } = (error ?? {}) as Record<string, unknown>
  return JSON.stringify({ level, time, service, message, error: { type, message: reason, code } }, cutTo(100))
}

/** About what a span takes in memory and on the wire, or a note in memory. */
const spanBytes = 200
const noteBytes = 300

/** A line that is made, and redacted, when somebody reads it. */
export type Note = () => string

export class Recording {
  readonly requestId: string
  readonly openedAt: number
  readonly #limits: RecordingLimits
  readonly #lines: (string | Note)[] = []
  readonly #spans: SpanRecord[] = []
  #bytes = 0
  #dropped = 0
  #changes = 0
  /** Set once the recorder has given it up: what comes later belongs to a new one. */
  closed = false
  userHash: string | undefined

  constructor(requestId: string, openedAt: number, limits: RecordingLimits) {
    this.requestId = requestId
    this.openedAt = openedAt
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get lines(): readonly string[] {
    return this.#lines.map(line => (typeof line === 'string' ? line : line()))
  }

  get spans(): readonly SpanRecord[] {
    return this.#spans
  }

  /** Records that had to go, oldest first. */
  get dropped(): number {
    return this.#dropped
  }

  /** Grows with every record: whether there is more than somebody saw before. */
  get changes(): number {
    return this.#changes
  }

  /** Returns by how many bytes it has grown; less than none when older ones went. */
  addLine(written: string): number {
    const { maxBytes } = this.#limits
    const line = written.length > maxBytes ? shorten(written, maxBytes) : written
    return this.#add(line, line.length)
  }

  /** Returns what `addLine` does. */
  addNote(note: Note): number {
    return this.#add(note, noteBytes)
  }

  #add(line: string | Note, bytes: number): number {
    const before = this.#bytes
    const { maxLines, maxBytes } = this.#limits
    this.#lines.push(line)
    this.#bytes += bytes
    this.#changes += 1
    while (this.#lines.length > maxLines || (this.#bytes > maxBytes && this.#lines.length > 1)) {
      const oldest = this.#lines.shift()
      this.#bytes -= typeof oldest === 'string' ? oldest.length : noteBytes
      this.#dropped += 1
    }
    return this.#bytes - before
  }

  addSpan(span: SpanRecord): number {
    this.#changes += 1
    if (this.#spans.length >= this.#limits.maxLines || this.#bytes + spanBytes > this.#limits.maxBytes) {
      this.#dropped += 1
      return 0
    }
    this.#spans.push(span)
    this.#bytes += spanBytes
    return spanBytes
  }
}
