// From whatever a client sent to an event, or to its faults by field (design §5, the table of fields).
// Paths are JSON pointers into the event itself: a receipt is about one event, wherever in the batch it stood.
import { eventKinds, isUuid, type EventKind, type FieldError } from '@cairn/contracts'
import { isName, isTrackId, maxNameCodePoints } from './name.ts'
import { parseOccurredAt } from './occurred-at.ts'
import type { ProgressEvent } from './progress-event.ts'

export type ParsedEvent =
  | { readonly ok: true; readonly event: ProgressEvent }
  /** `eventId` is null when the client sent none that could be used. */
  | { readonly ok: false; readonly eventId: string | null; readonly errors: readonly FieldError[] }

/** Answers stay small however much was wrong. */
const maxErrors = 10
const maxPathCodePoints = 64

const optionalFields = ['percent', 'score', 'points', 'duration_ms'] as const
const fields = new Set<string>(['event_id', 'track_id', 'item_id', 'kind', 'occurred_at', ...optionalFields])

const numberRules = {
  percent: { whole: false, min: 0, max: 100, message: 'must be a number from 0 to 100' },
  score: { whole: false, min: -1e12, max: 1e12, message: 'must be a number from -1e12 to 1e12' },
  points: { whole: true, min: 0, max: 1_000_000_000, message: 'must be a whole number from 0 to 1000000000' },
  duration_ms: { whole: true, min: 0, max: 2_592_000_000, message: 'must be a whole number from 0 to 2592000000' },
} as const

const isKind = (value: unknown): value is EventKind => eventKinds.some(kind => kind === value)

/** JSON pointer (RFC 6901) to a field that has no business here; a name of any length and kind fits into an answer. */
const pointerTo = (name: string): string => {
  const cut = Array.from(name.slice(0, 2 * maxPathCodePoints).toWellFormed())
    .slice(0, maxPathCodePoints)
    .join('')
  return `/${cut.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

class Faults {
  readonly errors: FieldError[] = []

  add(path: string, message: string): undefined {
    if (this.errors.length < maxErrors) this.errors.push({ path, message })
    return undefined
  }
}

const numberOf = (
  sent: Readonly<Record<string, unknown>>,
  field: (typeof optionalFields)[number],
  faults: Faults,
): number | null => {
  if (!Object.hasOwn(sent, field)) return null
  const value = sent[field]
  const { whole, min, max, message } = numberRules[field]
  if (typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))) {
    return value === 0 ? 0 : value
  }
  faults.add(`/${field}`, message)
  return null
}

const nameOf = (value: unknown, path: string, faults: Faults): string | undefined =>
  isName(value)
    ? value
    : faults.add(path, `must be a text of 1 to ${maxNameCodePoints} characters, none of them a control character`)

const trackIdOf = (value: unknown, faults: Faults): string | undefined => {
  const name = nameOf(value, '/track_id', faults)
  return name === undefined || isTrackId(name) ? name : faults.add('/track_id', 'must not be "." or ".."')
}

const timeOf = (value: unknown, faults: Faults) =>
  (typeof value === 'string' ? parseOccurredAt(value) : undefined) ??
  faults.add('/occurred_at', 'must be an RFC 3339 time with an offset, from 1970 on')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const addForeignFields = (sent: Readonly<Record<string, unknown>>, faults: Faults): void => {
  for (const name of Object.keys(sent)) {
    if (!fields.has(name)) faults.add(pointerTo(name), 'is not a field of an event')
  }
  if (sent['kind'] !== 'reset') return
  for (const name of optionalFields) {
    if (Object.hasOwn(sent, name)) faults.add(`/${name}`, 'must not be part of a reset')
  }
}

/** Judges one element of a batch by itself. Whether it lies in the future is for `judgeEvents`, which knows the log. */
export const parseEvent = (sent: unknown): ParsedEvent => {
  if (!isObject(sent)) return { ok: false, eventId: null, errors: [{ path: '', message: 'must be an object' }] }
  const faults = new Faults()
  const eventId = isUuid(sent['event_id']) ? sent['event_id'].toLowerCase() : faults.add('/event_id', 'must be a UUID')
  const trackId = trackIdOf(sent['track_id'], faults)
  const itemId = nameOf(sent['item_id'], '/item_id', faults)
  const kind = isKind(sent['kind']) ? sent['kind'] : faults.add('/kind', `must be one of ${eventKinds.join(', ')}`)
  const time = timeOf(sent['occurred_at'], faults)
  const percent = numberOf(sent, 'percent', faults)
  const score = numberOf(sent, 'score', faults)
  const points = numberOf(sent, 'points', faults)
  const durationMs = numberOf(sent, 'duration_ms', faults)
  addForeignFields(sent, faults)
  if (
    faults.errors.length > 0 ||
    eventId === undefined ||
    trackId === undefined ||
    itemId === undefined ||
    kind === undefined ||
    time === undefined
  ) {
    return { ok: false, eventId: eventId ?? null, errors: faults.errors }
  }
  return { ok: true, event: { eventId, trackId, itemId, kind, ...time, percent, score, points, durationMs } }
}
