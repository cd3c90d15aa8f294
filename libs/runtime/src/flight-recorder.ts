// The flight recorder: debug-level records of every recent request, in memory and nowhere else, until a failure asks for those
// of one. Bounded per request and in total, by lines, bytes and age; the oldest request goes first.
import { Recording, type Note } from './recording.ts'
import { currentRequest, type RequestContext } from './request-context.ts'
import type { SpanRecord } from './span.ts'
import type { Telemetry } from './telemetry.ts'
import { isSampled } from './trace-context.ts'

/** As the environment has it; see `recorderVariables`. */
export interface RecorderLimits {
  /** 0 switches the recorder off. */
  readonly flightRecorderRequestLines: number
  readonly flightRecorderRequestBytes: number
  readonly flightRecorderTotalBytes: number
  readonly flightRecorderMaxAgeMs: number
}

export class FlightRecorder {
  readonly #limits: RecorderLimits
  /** In the order they were opened. */
  readonly #recordings = new Map<string, Recording>()
  readonly #exportSpan: Telemetry['exportSpan']
  #bytes = 0

  constructor(limits: RecorderLimits, exportSpan?: Telemetry['exportSpan']) {
    this.#limits = limits
    this.#exportSpan = exportSpan
    // Also while nothing is recorded any more.
    if (this.enabled) setInterval(() => this.#closeOld(performance.now()), limits.flightRecorderMaxAgeMs).unref()
  }

  get enabled(): boolean {
    return this.#limits.flightRecorderRequestLines > 0
  }

  /** Of all requests together. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#recordings.size
  }

  /** Keeps a line of the current request, as it was (or would have been) written. Lines of no request are not kept. */
  recordLine(line: string): void {
    const request = currentRequest()
    if (request === undefined) return
    this.#bytes += this.#of(request).addLine(line)
    this.#makeRoom()
  }

  /** Keeps a line that is made when somebody reads it. */
  recordNote(note: Note): void {
    const request = currentRequest()
    if (request === undefined) return
    this.#bytes += this.#of(request).addNote(note)
    this.#makeRoom()
  }

  /** Spans are wanted by somebody: by this recorder, or outside. */
  get takesSpans(): boolean {
    return this.enabled || this.#exportSpan !== undefined
  }

  recordSpan(request: RequestContext, span: SpanRecord): void {
    if (this.#exportSpan !== undefined && !span.exported && isSampled(request.trace)) this.#exportSpan(request, span)
    if (!this.enabled) return
    this.#bytes += this.#of(request).addSpan(span)
    this.#makeRoom()
  }

  find(requestId: string): Recording | undefined {
    return this.#recordings.get(requestId)
  }

  /** The latest requests, newest first. */
  latest(most: number): Recording[] {
    return [...this.#recordings.values()].slice(-most).toReversed()
  }

  #of(request: RequestContext): Recording {
    const own = request.recording
    const recording =
      own !== undefined && !own.closed
        ? own
        : (this.#recordings.get(request.requestId) ?? this.#open(request.requestId))
    request.recording = recording
    recording.userHash ??= request.userHash
    return recording
  }

  #open(requestId: string): Recording {
    const now = performance.now()
    this.#closeOld(now)
    const { flightRecorderRequestLines: maxLines, flightRecorderRequestBytes: maxBytes } = this.#limits
    const recording = new Recording(requestId, now, { maxLines, maxBytes })
    this.#recordings.set(requestId, recording)
    return recording
  }

  #closeOld(now: number): void {
    for (const recording of this.#recordings.values()) {
      if (now - recording.openedAt < this.#limits.flightRecorderMaxAgeMs) return
      this.#close(recording)
    }
  }

  #makeRoom(): void {
    if (this.#bytes <= this.#limits.flightRecorderTotalBytes) return
    for (const recording of this.#recordings.values()) {
      if (this.#bytes <= this.#limits.flightRecorderTotalBytes) return
      this.#close(recording)
    }
  }

  #close(recording: Recording): void {
    recording.closed = true
    this.#recordings.delete(recording.requestId)
    this.#bytes -= recording.bytes
  }
}
