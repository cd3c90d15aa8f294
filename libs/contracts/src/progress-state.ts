// Where a user stands: head, totals, streak, tracks and items (design §5).
import { Type, type Static } from 'typebox'
import { Count, NullableDate, NullableInstant, told } from './scalars.ts'

export const itemStatuses = ['not_started', 'in_progress', 'completed'] as const
export type ItemStatus = (typeof itemStatuses)[number]

export const Head = Type.Object(
  {
    epoch: Type.String({ description: 'The name of one unbroken history.', examples: ['01J9Z3K8Q4'] }),
    seq: told(Count, 'The number of events applied since its beginning, and so the `seq` of the last.'),
  },
  { description: 'Where a log ends.' },
)
export type Head = Static<typeof Head>

export const Streak = Type.Object(
  {
    current: told(Count, 'The days in a row up to today or yesterday, else 0.', 3),
    longest: told(Count, 'The longest run there ever was.', 12),
    last_day: told(NullableDate, 'The last active day, or null.'),
    valid_until: told(NullableDate, 'The day after which `current` is 0 without asking again, or null.', '2026-03-15'),
  },
  { description: 'Runs of consecutive active days.' },
)
export type Streak = Static<typeof Streak>

export const Totals = Type.Object(
  {
    tracks: told(Count, 'The number of tracks.', 2),
    items: told(Count, 'The number of items with an event that counts.', 14),
    completed_items: told(Count, 'How many of those are completed.', 9),
    points: told(Count, 'The points of all items.', 420),
    duration_ms: told(Count, 'The time spent on all items, in milliseconds.', 5_400_000),
    event_count: told(Count, 'The number of events that count.', 61),
    active_days: told(Count, 'The number of days with any activity.', 12),
  },
  { description: 'Sums over all tracks.' },
)
export type Totals = Static<typeof Totals>

export const Track = Type.Object(
  {
    track_id: Type.String({ description: 'The id of the track.', examples: ['spanish-1'] }),
    items: told(Count, 'The number of its items with an event that counts.', 7),
    completed_items: told(Count, 'How many of those are completed.', 5),
    points: told(Count, 'The points of its items.', 210),
    duration_ms: told(Count, 'The time spent on its items, in milliseconds.', 2_700_000),
    event_count: told(Count, 'The number of events that count.', 31),
    last_at: told(NullableInstant, 'When the last event that counts occurred, or null.'),
  },
  { description: 'Sums over the items of one track.' },
)
export type Track = Static<typeof Track>

export const Item = Type.Object(
  {
    track_id: Type.String({ description: 'The id of the track.', examples: ['spanish-1'] }),
    item_id: Type.String({ description: 'The id of the item within its track.', examples: ['lesson-07'] }),
    status: Type.Enum(itemStatuses, { description: 'How far it is.', examples: ['in_progress'] }),
    percent: Type.Number({ description: 'The greatest percentage reached, 100 when completed.', examples: [60] }),
    best_score: Type.Unsafe<number | null>({
      type: ['number', 'null'],
      description: 'The greatest score, or null.',
      examples: [87.5],
    }),
    points: told(Count, 'The sum of its points.', 30),
    duration_ms: told(Count, 'The time spent on it, in milliseconds.', 240_000),
    event_count: told(Count, 'The number of events that count.', 4),
    first_at: told(NullableInstant, 'When the first of them occurred, or null.'),
    last_at: told(NullableInstant, 'When the last of them occurred, or null.'),
    completed_at: told(NullableInstant, 'When it was first completed, or null.'),
  },
  { description: 'The state of one item, from the events that count.' },
)
export type Item = Static<typeof Item>
