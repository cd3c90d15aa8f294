// What is kept of one request in one service: its latest records, bounded by lines and bytes. Lines come serialised and
// redacted, so nothing that changes later can leak into them; notes hold what nobody changes.
import { redactByName, redactByShape } from './redact.ts'
import { idsOf, type RequestContext } from './request-context.ts'
import type { SpanRecord } from './span.ts'

export interface RecordingLimits {
  readonly maxLines: number
  readonly maxBytes: number
}

/** Recordings that are given up together. */
export interface Generation {
  bytes: number
  /** What comes later for a request of it belongs to another one. */
  isOver: boolean
}

export interface RecordingOf {
  readonly service: string
  readonly requestId: string
  /** Milliseconds of `performance.now()`. */
  readonly openedAt: number
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
export interface Note {
  /** Milliseconds since 1970. */
  readonly madeAt: number
  /** In which it was made: several of one id may be told apart by trace and user. */
  readonly request: RequestContext
  readonly fields: object
  readonly message: string
}

export class Recording {
  readonly about: RecordingOf
  readonly #limits: RecordingLimits
  readonly #lines: (string | Note)[] = []
  readonly #spans: SpanRecord[] = []
  #bytes = 0
  #dropped = 0
  #changes = 0
  /** The recorder's alone. */
  generation: Generation
  userHash: string | undefined

  constructor(about: RecordingOf, limits: RecordingLimits, generation: Generation) {
    this.about = about
    this.#limits = limits
    this.generation = generation
  }

  get bytes(): number {
    return this.#bytes
  }

  get lines(): readonly string[] {
    return this.#lines.map(line => (typeof line === 'string' ? line : this.#write(line)))
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

  addLine(written: string): void {
    const { maxBytes } = this.#limits
    const line = written.length > maxBytes ? shorten(written, maxBytes) : written
    this.#add(line, line.length)
  }

  addNote(note: Note): void {
    this.#add(note, noteBytes)
  }

  addSpan(span: SpanRecord): void {
    this.#changes += 1
    if (this.#spans.length >= this.#limits.maxLines || this.#bytes + spanBytes > this.#limits.maxBytes) {
      this.#dropped += 1
      return
    }
    this.#spans.push(span)
    this.#grow(spanBytes)
  }

  #add(line: string | Note, bytes: number): void {
    const { maxLines, maxBytes } = this.#limits
    this.#lines.push(line)
    this.#grow(bytes)
    this.#changes += 1
    while (this.#lines.length > maxLines || (this.#bytes > maxBytes && this.#lines.length > 1)) {
      const oldest = this.#lines.shift()
      this.#grow(typeof oldest === 'string' ? -oldest.length : -noteBytes)
      this.#dropped += 1
    }
  }

  #grow(bytes: number): void {
    this.#bytes += bytes
    this.generation.bytes += bytes
  }

  #write({ madeAt, request, fields, message }: Note): string {
    const { service } = this.about
    const ids = idsOf(request)
    const time = new Date(madeAt).toISOString()
    const about = redactByName(fields) as object
    return redactByShape(JSON.stringify({ level: 'debug', time, service, ...ids, ...about, message }))
  }
}
