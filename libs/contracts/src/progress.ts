// Progress's part of the contract: receipts, snapshots and changes pages (design §5).
// Events come in as `unknown`: each is judged on its own by progress, so that one bad event never blocks the rest.
import { Type, type Static } from 'typebox'
import { Count, Instant, LocalDate, Nullable, Uuid } from './scalars.ts'

const closed = { additionalProperties: false }

export const eventKinds = ['started', 'advanced', 'completed', 'practiced', 'reset'] as const
export type EventKind = (typeof eventKinds)[number]
export const itemStatuses = ['not_started', 'in_progress', 'completed'] as const
export type ItemStatus = (typeof itemStatuses)[number]

export const Head = Type.Object({ epoch: Type.String(), seq: Count })
export type Head = Static<typeof Head>

export const Streak = Type.Object({
  current: Count,
  longest: Count,
  last_day: Nullable(LocalDate),
  valid_until: Nullable(LocalDate),
})
export type Streak = Static<typeof Streak>

export const Totals = Type.Object({
  tracks: Count,
  items: Count,
  completed_items: Count,
  points: Count,
  duration_ms: Count,
  event_count: Count,
  active_days: Count,
})
export type Totals = Static<typeof Totals>

export const Track = Type.Object({
  track_id: Type.String(),
  items: Count,
  completed_items: Count,
  points: Count,
  duration_ms: Count,
  event_count: Count,
  last_at: Nullable(Instant),
})
export type Track = Static<typeof Track>

export const Item = Type.Object({
  track_id: Type.String(),
  item_id: Type.String(),
  status: Type.Enum(itemStatuses),
  percent: Type.Number(),
  best_score: Nullable(Type.Number()),
  points: Count,
  duration_ms: Count,
  event_count: Count,
  first_at: Nullable(Instant),
  last_at: Nullable(Instant),
  completed_at: Nullable(Instant),
})
export type Item = Static<typeof Item>

/** An event as it was sent (its own offset kept), plus its place in the log. */
export const LoggedEvent = Type.Object({
  seq: Count,
  received_at: Instant,
  event_id: Uuid,
  track_id: Type.String(),
  item_id: Type.String(),
  kind: Type.Enum(eventKinds),
  occurred_at: Type.String(),
  percent: Type.Optional(Type.Number()),
  score: Type.Optional(Type.Number()),
  points: Type.Optional(Count),
  duration_ms: Type.Optional(Count),
})
export type LoggedEvent = Static<typeof LoggedEvent>

export const maxEventsPerRequest = 500

export const SubmitEvents = Type.Object(
  { events: Type.Array(Type.Unknown(), { minItems: 1, maxItems: maxEventsPerRequest }) },
  closed,
)
export type SubmitEvents = Static<typeof SubmitEvents>

export const Receipt = Type.Object({
  event_id: Nullable(Type.String()),
  status: Type.Enum(['applied', 'duplicate', 'rejected']),
  seq: Type.Optional(Count),
  code: Type.Optional(Type.Enum(['event_conflict', 'occurred_in_future', 'invalid_event'])),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
})
export type Receipt = Static<typeof Receipt>

export const SubmitResult = Type.Object({ results: Type.Array(Receipt), head: Head })
export type SubmitResult = Static<typeof SubmitResult>

export const ReadSnapshot = Type.Object(
  { time_zone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) },
  closed,
)
export type ReadSnapshot = Static<typeof ReadSnapshot>

export const Snapshot = Type.Object({
  head: Head,
  totals: Totals,
  streak: Streak,
  tracks: Type.Array(Track),
  next_cursor: Nullable(Type.String()),
})
export type Snapshot = Static<typeof Snapshot>

/** `known`: tags the caller has an answer for; `*` stands for any. */
export const FindSnapshot = Type.Object(
  { ...ReadSnapshot.properties, known: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { maxItems: 16 })) },
  closed,
)
export type FindSnapshot = Static<typeof FindSnapshot>

/** `tag` changes with the head, the zone asked for and today's date there; no snapshot when the caller knows it. */
export const FoundSnapshot = Type.Object({ tag: Type.String(), snapshot: Nullable(Snapshot) })
export type FoundSnapshot = Static<typeof FoundSnapshot>

export const ReadChanges = Type.Object(
  {
    since: Count,
    epoch: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    time_zone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  closed,
)
export type ReadChanges = Static<typeof ReadChanges>

export const ChangesPage = Type.Object({
  epoch: Type.String(),
  from_seq: Count,
  to_seq: Count,
  events: Type.Array(LoggedEvent),
  items: Type.Array(Item),
  tracks: Type.Array(Track),
  totals: Totals,
  streak: Streak,
  head: Head,
  has_more: Type.Boolean(),
})
export type ChangesPage = Static<typeof ChangesPage>

/** Where a list goes on: what a page gave as `next_cursor`, given back as it was. */
const Cursor = Type.String({ minLength: 1, maxLength: 1_024 })
const PageLimit = Type.Integer({ minimum: 1, description: '200 when left out; more than 1 000 means 1 000.' })

export const ReadTracks = Type.Object({ limit: Type.Optional(PageLimit), cursor: Type.Optional(Cursor) }, closed)
export type ReadTracks = Static<typeof ReadTracks>

/** Tracks last touched first. */
export const TrackList = Type.Object({ tracks: Type.Array(Track), next_cursor: Nullable(Type.String()) })
export type TrackList = Static<typeof TrackList>

export const ReadTrack = Type.Object(
  { track_id: Type.String(), limit: Type.Optional(PageLimit), cursor: Type.Optional(Cursor) },
  closed,
)
export type ReadTrack = Static<typeof ReadTrack>

/** One track and its items in byte order of `item_id`. */
export const TrackPage = Type.Object({
  track: Track,
  items: Type.Array(Item),
  next_cursor: Nullable(Type.String()),
})
export type TrackPage = Static<typeof TrackPage>

export const maxDaysPerRequest = 400

/** Both dates included. */
export const ReadDays = Type.Object({ from: LocalDate, to: LocalDate }, closed)
export type ReadDays = Static<typeof ReadDays>

export const Day = Type.Object({ date: LocalDate, events: Count, points: Count, duration_ms: Count })
export type Day = Static<typeof Day>

/** Active days only, in order. */
export const DayList = Type.Object({ days: Type.Array(Day) })
export type DayList = Static<typeof DayList>
