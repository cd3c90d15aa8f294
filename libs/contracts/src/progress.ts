// What can be read of progress: snapshots, changes pages, lists (design §5).
import { Type, type Static } from 'typebox'
import { LoggedEvent } from './progress-events.ts'
import { Head, Item, Streak, Totals, Track } from './progress-state.ts'
import { Count, LocalDate, Nullable, NullableString, told } from './scalars.ts'

const closed = { additionalProperties: false }

const TimeZone = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'The IANA time zone in which “yesterday” is meant; the offset of the latest event when left out.',
  examples: ['Europe/Berlin'],
})

export const ReadSnapshot = Type.Object({ time_zone: Type.Optional(TimeZone) }, closed)
export type ReadSnapshot = Static<typeof ReadSnapshot>

export const Snapshot = Type.Object(
  {
    head: Head,
    totals: Totals,
    streak: Streak,
    tracks: Type.Array(Track, { description: 'The tracks touched last, at most 1 000.' }),
    next_cursor: NullableString({
      description: 'Where the list goes on, or null at its end.',
      examples: ['c3BhbmlzaC0x'],
    }),
  },
  { description: 'Where a user stands.' },
)
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

/** Where a list goes on: what a page gave as `next_cursor`, given back as it was. */
const Cursor = Type.String({
  minLength: 1,
  maxLength: 1_024,
  description: 'Where to go on: the `next_cursor` of the page before.',
  examples: ['c3BhbmlzaC0x'],
})
const PageLimit = Type.Integer({
  minimum: 1,
  description: 'The most to answer: 200 when left out, and more than 1 000 means 1 000.',
  examples: [200],
})

export const ReadChanges = Type.Object(
  {
    since: told(Count, 'The `seq` the client has; 0 for everything.', 16),
    epoch: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'The epoch that `since` belongs to. It may be left out when `since` is 0.',
        examples: ['01J9Z3K8Q4'],
      }),
    ),
    limit: Type.Optional(PageLimit),
    time_zone: Type.Optional(TimeZone),
  },
  closed,
)
export type ReadChanges = Static<typeof ReadChanges>

export const ChangesPage = Type.Object(
  {
    epoch: Type.String({ description: 'The history the page is of.', examples: ['01J9Z3K8Q4'] }),
    from_seq: told(Count, 'The first event of the page: one after the `since` that was asked for.', 17),
    to_seq: told(Count, 'The last event of the page; the next `since`.', 17),
    events: Type.Array(LoggedEvent, { description: 'The events from `from_seq` on, in order.' }),
    items: Type.Array(Item, { description: 'The current state of every item they touched.' }),
    tracks: Type.Array(Track, { description: 'The current state of every track they touched.' }),
    totals: Totals,
    streak: Streak,
    head: Head,
    has_more: Type.Boolean({ description: 'True when the log goes on after `to_seq`.', examples: [false] }),
  },
  { description: 'A range of the log, and the current state of everything it touched.' },
)
export type ChangesPage = Static<typeof ChangesPage>

export const ReadTracks = Type.Object({ limit: Type.Optional(PageLimit), cursor: Type.Optional(Cursor) }, closed)
export type ReadTracks = Static<typeof ReadTracks>

/** Tracks last touched first. */
export const TrackList = Type.Object(
  {
    tracks: Type.Array(Track, { description: 'Tracks, last touched first.' }),
    next_cursor: NullableString({
      description: 'Where the list goes on, or null at its end.',
      examples: ['c3BhbmlzaC0x'],
    }),
  },
  { description: 'A page of tracks.' },
)
export type TrackList = Static<typeof TrackList>

export const ReadTrack = Type.Object(
  {
    track_id: Type.String({ description: 'The id of the track.', examples: ['spanish-1'] }),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  closed,
)
export type ReadTrack = Static<typeof ReadTrack>

/** One track and its items in byte order of `item_id`. */
export const TrackPage = Type.Object(
  {
    track: Track,
    items: Type.Array(Item, { description: 'Its items, in byte order of `item_id`.' }),
    next_cursor: NullableString({
      description: 'Where the list goes on, or null at its end.',
      examples: ['c3BhbmlzaC0x'],
    }),
  },
  { description: 'A track and a page of its items.' },
)
export type TrackPage = Static<typeof TrackPage>

export const maxDaysPerRequest = 400

/** Both dates included. */
export const ReadDays = Type.Object(
  {
    from: told(LocalDate, 'The first day, included.', '2026-03-01'),
    to: told(LocalDate, 'The last day, included; at most 400 days in all.', '2026-03-31'),
  },
  closed,
)
export type ReadDays = Static<typeof ReadDays>

export const Day = Type.Object(
  {
    date: told(LocalDate, 'The date where the events occurred.'),
    events: told(Count, 'The number of events of that day.', 5),
    points: told(Count, 'The points of that day.', 50),
    duration_ms: told(Count, 'The time spent that day, in milliseconds.', 600_000),
  },
  { description: 'One active day.' },
)
export type Day = Static<typeof Day>

/** Active days only, in order. */
export const DayList = Type.Object(
  { days: Type.Array(Day, { description: 'The active days, in order.' }) },
  { description: 'Active days.' },
)
export type DayList = Static<typeof DayList>
