// A changes page: a range of the log and the current state of everything it touched. Cut by size as well as by count, so
// that neither a frame nor an outbox row can grow without bound.
import type { ChangesPage, Head, Item, LoggedEvent, Streak, Totals, Track } from '@cairn/contracts'
import { formatInstant } from './instant.ts'
import { presentItem, type ItemKey, type ItemState } from './item.ts'
import { formatOccurredAt } from './occurred-at.ts'
import type { AppliedEvent } from './progress-event.ts'
import { presentTrack, type TrackState } from './track.ts'

/** Longest page as JSON in UTF-8 (design §5). */
export const maxPageBytes = 262_144
/** More than the page's frame can take: epoch twice, totals, streak, head and numbers of 16 digits. */
const frameBytes = 2_048
/** More than an event takes together with its item and track, their ids aside. */
const eventFrameBytes = 1_100
/** The ids stand in five places; no UTF-16 unit of theirs takes more than three bytes. */
const mostBytesOf = ({ trackId, itemId }: ItemKey): number =>
  eventFrameBytes + 3 * (3 * trackId.length + 2 * itemId.length)

export interface CurrentState {
  readonly itemOf: (key: ItemKey) => ItemState
  readonly trackOf: (trackId: string) => TrackState
  readonly totals: Totals
  readonly streak: Streak
  readonly head: Head
}

/** One spelling per item within a user; neither id can hold a NUL. */
export const itemKeyOf = ({ trackId, itemId }: ItemKey): string => `${trackId}\0${itemId}`

/** The event as it was sent, plus its place in the log. */
export const presentEvent = (event: AppliedEvent): LoggedEvent => {
  const logged: { -readonly [Field in keyof LoggedEvent]: LoggedEvent[Field] } = {
    seq: event.seq,
    received_at: formatInstant(event.receivedAtMs),
    event_id: event.eventId,
    track_id: event.trackId,
    item_id: event.itemId,
    kind: event.kind,
    occurred_at: formatOccurredAt(event),
  }
  if (event.percent !== null) logged.percent = event.percent
  if (event.score !== null) logged.score = event.score
  if (event.points !== null) logged.points = event.points
  if (event.durationMs !== null) logged.duration_ms = event.durationMs
  return logged
}

interface Contents {
  readonly events: LoggedEvent[]
  readonly items: Map<string, Item>
  readonly tracks: Map<string, Track>
}

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value)) + 1

/** As many of `events` from `start` on as fit. One always does. */
const fill = (events: readonly AppliedEvent[], start: number, current: CurrentState): Contents => {
  const contents: Contents = { events: [], items: new Map(), tracks: new Map() }
  const most = events.reduce((sum, event, index) => (index < start ? sum : sum + mostBytesOf(event)), frameBytes)
  const allFit = most <= maxPageBytes
  let bytes = frameBytes
  for (let index = start; index < events.length; index += 1) {
    const event = events[index] as AppliedEvent
    const itemKey = itemKeyOf(event)
    const logged = presentEvent(event)
    const item = contents.items.has(itemKey) ? undefined : presentItem(current.itemOf(event))
    const track = contents.tracks.has(event.trackId) ? undefined : presentTrack(current.trackOf(event.trackId))
    if (!allFit) {
      for (const part of [logged, item, track]) if (part !== undefined) bytes += bytesOf(part)
      if (bytes > maxPageBytes) break
    }
    contents.events.push(logged)
    if (item !== undefined) contents.items.set(itemKey, item)
    if (track !== undefined) contents.tracks.set(event.trackId, track)
  }
  return contents
}

const pageOf = (contents: Contents, since: number, { totals, streak, head }: CurrentState): ChangesPage => {
  // Nothing more is there, though the end of a damaged log may be missing: clients must not ask for it for ever.
  const toSeq = contents.events.at(-1)?.seq ?? head.seq
  return {
    epoch: head.epoch,
    from_seq: since + 1,
    to_seq: toSeq,
    events: contents.events,
    items: [...contents.items.values()],
    tracks: [...contents.tracks.values()],
    totals,
    streak,
    head,
    has_more: toSeq < head.seq,
  }
}

/** The page that follows `since`: of `events`, which continue the log there, as many as fit. An empty page ends at the head. */
export const assemblePage = (since: number, events: readonly AppliedEvent[], current: CurrentState): ChangesPage =>
  pageOf(fill(events, 0, current), since, current)

/** All of one committed range, in as few pages as it takes. */
export const assemblePages = (events: readonly AppliedEvent[], current: CurrentState): ChangesPage[] => {
  const pages: ChangesPage[] = []
  for (let start = 0; start < events.length;) {
    const contents = fill(events, start, current)
    pages.push(pageOf(contents, (events[start] as AppliedEvent).seq - 1, current))
    start += contents.events.length
  }
  return pages
}
