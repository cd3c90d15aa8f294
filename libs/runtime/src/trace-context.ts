// W3C Trace Context (https://www.w3.org/TR/trace-context/), levels 1 and 2: continue what comes in, start anew what is
// malformed.
import { randomHex } from './random-text.ts'

export interface Trace {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits: this service's own span, the parent of what it calls. */
  readonly spanId: string
  /** The caller's span, where it sent one. */
  readonly parentId?: string
  /** Two hex digits; bit 0 is "sampled", bit 1 "the trace id is random". */
  readonly flags: string
  readonly state?: string
}

const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** Printable, at most 512 characters; what else is in it is for the vendors who wrote it. */
const statePattern = /^[\t\x20-\x7e]{1,512}$/
/** Flags that the specification knows: others must be zero in what is sent, whatever came in. */
const knownFlags = 0b11

const isZero = (hex: string): boolean => /^0+$/.test(hex)

/** Process-wide, as OpenTelemetry's own registration is: everything that begins a trace asks it. */
let samples = (_traceId: string): boolean => true

/** Decides from now on which of the traces that begin here are sampled. */
export const sampleTraces = (decide: (traceId: string) => boolean): void => {
  samples = decide
}

/** Continues the caller's trace with a new span, or starts a new trace where `traceparent` is absent or not valid. */
export const continueTrace = (traceparent?: string, tracestate?: string): Trace => {
  const spanId = randomHex(8)
  const [, version, traceId = '', parentId = '', flags = '01', rest] = traceparentPattern.exec(traceparent ?? '') ?? []
  const valid =
    version !== undefined &&
    version !== 'ff' &&
    !isZero(traceId) &&
    !isZero(parentId) &&
    (version !== '00' || rest === undefined)
  if (!valid) {
    const newTraceId = randomHex(16)
    return { traceId: newTraceId, spanId, flags: samples(newTraceId) ? '01' : '00' }
  }
  const state = tracestate !== undefined && statePattern.test(tracestate) ? tracestate : undefined
  const known = `0${Number.parseInt(flags, 16) & knownFlags}`
  return { traceId, spanId, parentId, flags: known, ...(state === undefined ? {} : { state }) }
}

/** Bit 0 of the flags. */
export const isSampled = ({ flags }: Trace): boolean => (Number.parseInt(flags, 16) & 1) === 1

export const traceparentOf = (trace: Trace): string => `00-${trace.traceId}-${trace.spanId}-${trace.flags}`
