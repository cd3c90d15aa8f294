// The flight recorder: debug-level records of every recent request, in memory and nowhere else, until a failure asks for those
// of one. Bounded per request and in total, by lines, bytes and age. Requests are given up a generation at a time, the older of two:
// taken out of a Map one by one they would cost more than what they say (see `Slots`).
import { Recording, type Generation, type RecordingLimits } from './recording.ts'
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

export interface RecorderOptions {
  readonly service: string
  readonly limits: RecorderLimits
  readonly exportSpan: Telemetry['exportSpan']
}

/** Of the greatest age: how long a generation takes requests, and how often it is looked at. The first of one is given up with the last of the next. */
const generationPart = 0.4
const tickPart = 0.1

/** Those of requests that began in one stretch of time. */
class RecordedGeneration implements Generation {
  readonly recordings = new Map<string, Recording>()
  /** Milliseconds of `performance.now()`. */
  readonly beganAt: number
  bytes = 0
  isOver = false

  constructor(beganAt: number) {
    this.beganAt = beganAt
  }
}

export class FlightRecorder {
  readonly #service: string
  readonly #limits: RecorderLimits
  readonly #requestLimits: RecordingLimits
  readonly #exportSpan: Telemetry['exportSpan']
  #young = new RecordedGeneration(performance.now())
  #old = new RecordedGeneration(0)

  constructor({ service, limits, exportSpan }: RecorderOptions) {
    this.#service = service
    this.#limits = limits
    this.#requestLimits = { maxLines: limits.flightRecorderRequestLines, maxBytes: limits.flightRecorderRequestBytes }
    this.#exportSpan = exportSpan
    // Also while nothing is recorded any more.
    if (this.enabled)
      setInterval(() => this.#age(performance.now()), this.#limits.flightRecorderMaxAgeMs * tickPart).unref()
  }

  get enabled(): boolean {
    return this.#limits.flightRecorderRequestLines > 0
  }

  /** Of all requests together. */
  get bytes(): number {
    return this.#young.bytes + this.#old.bytes
  }

  get size(): number {
    return this.#young.recordings.size + this.#old.recordings.size
  }

  /** Keeps a line of the current request, as it was (or would have been) written. Lines of no request are not kept. */
  recordLine(line: string): void {
    const request = currentRequest()
    if (request === undefined) return
    this.#of(request).addLine(line)
    this.#bound()
  }

  /** Keeps a line that is made when somebody reads it. */
  recordNote(fields: object, message: string): void {
    const request = currentRequest()
    if (request === undefined) return
    this.#of(request).addNote({ madeAt: Date.now(), request, fields, message })
    this.#bound()
  }

  /** Spans are wanted by somebody: by this recorder, or outside. */
  get takesSpans(): boolean {
    return this.enabled || this.#exportSpan !== undefined
  }

  recordSpan(request: RequestContext, span: SpanRecord): void {
    if (this.#exportSpan !== undefined && !span.exported && isSampled(request.trace)) this.#exportSpan(request, span)
    if (!this.enabled) return
    this.#of(request).addSpan(span)
    this.#bound()
  }

  find(requestId: string): Recording | undefined {
    return this.#young.recordings.get(requestId) ?? this.#old.recordings.get(requestId)
  }

  /** The latest requests, newest first. */
  latest(most: number): Recording[] {
    return [...this.#old.recordings.values(), ...this.#young.recordings.values()].slice(-most).toReversed()
  }

  /** A request that goes on keeps its recording in its context, and brings it back unless it is too old. */
  #of(request: RequestContext): Recording {
    const own = request.recording
    const recording = own?.generation.isOver === false ? own : this.#open(request, own)
    request.recording = recording
    recording.userHash ??= request.userHash
    return recording
  }

  #open(request: RequestContext, own: Recording | undefined): Recording {
    const { requestId } = request
    const found = this.find(requestId)
    if (found !== undefined) return found
    const now = performance.now()
    this.#age(now)
    const young = this.#young
    const about = { service: this.#service, requestId, openedAt: now }
    const recording = this.#isRecent(own, now) ? own : new Recording(about, this.#requestLimits, young)
    recording.generation = young
    young.bytes += recording.bytes
    young.recordings.set(requestId, recording)
    return recording
  }

  #isRecent(recording: Recording | undefined, now: number): recording is Recording {
    return recording !== undefined && now - recording.about.openedAt < this.#limits.flightRecorderMaxAgeMs
  }

  #age(now: number): void {
    if (now - this.#young.beganAt >= this.#limits.flightRecorderMaxAgeMs * generationPart) this.#giveUpOld(now)
  }

  #bound(): void {
    const most = this.#limits.flightRecorderTotalBytes
    if (this.#young.bytes > most / 2) this.#giveUpOld(performance.now())
    while (this.bytes > most) this.#giveUpOld(performance.now())
  }

  #giveUpOld(now: number): void {
    this.#old.isOver = true
    this.#old = this.#young
    this.#young = new RecordedGeneration(now)
  }
}
