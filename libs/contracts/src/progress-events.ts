// Events and what becomes of them: receipts, and their places in the log (design §5).
// They come in as `unknown`: each is judged on its own by progress, so that one bad event never blocks the rest.
import { Type, type Static } from 'typebox'
import { Head } from './progress-state.ts'
import { Count, Instant, NullableString, told, Uuid } from './scalars.ts'

const closed = { additionalProperties: false }

export const eventKinds = ['started', 'advanced', 'completed', 'practiced', 'reset'] as const
export type EventKind = (typeof eventKinds)[number]

/** An event as it was sent (its own offset kept), plus its place in the log. */
export const LoggedEvent = Type.Object(
  {
    seq: told(Count, 'Its place in the log.', 17),
    received_at: told(Instant, 'When the server received it.'),
    event_id: told(Uuid, 'Its id, in lower case.'),
    track_id: Type.String({ description: 'The id of the track.', examples: ['spanish-1'] }),
    item_id: Type.String({ description: 'The id of the item within its track.', examples: ['lesson-07'] }),
    kind: Type.Enum(eventKinds, { description: 'What happened.', examples: ['advanced'] }),
    occurred_at: Type.String({
      description: 'When it happened, with the offset it was sent with.',
      examples: ['2026-03-14T10:26:53.589+01:00'],
    }),
    percent: Type.Optional(Type.Number({ description: 'The percentage reached, from 0 to 100.', examples: [60] })),
    score: Type.Optional(Type.Number({ description: 'The score reached.', examples: [87.5] })),
    points: Type.Optional(told(Count, 'The points won.', 10)),
    duration_ms: Type.Optional(told(Count, 'The time spent, in milliseconds.', 60_000)),
  },
  { description: 'An event as it was sent, and its place in the log.' },
)
export type LoggedEvent = Static<typeof LoggedEvent>

export const maxEventsPerRequest = 500

const identifier = (description: string, example: string) =>
  Type.String({ minLength: 1, maxLength: 128, description, examples: [example] })

/** An event as a client should send it. The judge is progress, by rules that no schema can say. */
export const Event = Type.Object(
  {
    event_id: Type.String({
      format: 'uuid',
      description: 'Any UUID, made by the client; sent again, the same event is applied once.',
      examples: ['0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'],
    }),
    track_id: identifier(
      'The track: a course, a plan, a habit, a game. Without control characters; not `.` or `..`.',
      'spanish-1',
    ),
    item_id: identifier('The item within the track. Without control characters.', 'lesson-07'),
    kind: Type.Enum(eventKinds, { description: 'What happened.', examples: ['advanced'] }),
    occurred_at: Type.String({
      format: 'date-time',
      description: 'When it happened: RFC 3339 with an offset, from 1970 on, at most 24 hours ahead.',
      examples: ['2026-03-14T10:26:53.589+01:00'],
    }),
    percent: Type.Optional(
      Type.Number({ minimum: 0, maximum: 100, description: 'The percentage reached.', examples: [60] }),
    ),
    score: Type.Optional(
      Type.Number({ minimum: -1e12, maximum: 1e12, description: 'The score reached.', examples: [87.5] }),
    ),
    points: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1_000_000_000, description: 'The points won.', examples: [10] }),
    ),
    duration_ms: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_592_000_000,
        description: 'The time spent, in milliseconds.',
        examples: [60_000],
      }),
    ),
  },
  { ...closed, description: 'Something that happened to an item. A `reset` carries none of the last four.' },
)
export type Event = Static<typeof Event>

export const SubmitEvents = Type.Object(
  {
    events: Type.Array(
      // Unknown, for each is judged by itself: what a good one looks like is `Event`, which the title names for `openapi.yaml`.
      Type.Unknown({ title: 'Event' }),
      {
        minItems: 1,
        maxItems: maxEventsPerRequest,
        description:
          'The events, judged in this order. One that breaks a rule is rejected in its receipt, and stops no other.',
      },
    ),
  },
  { ...closed, description: 'A batch of events.' },
)
export type SubmitEvents = Static<typeof SubmitEvents>

/** One rule that a value breaks. */
const Fault = Type.Object({
  path: Type.String({ description: 'A JSON pointer to the value.', examples: ['/percent'] }),
  message: Type.String({ description: 'What is wrong with it.', examples: ['must be from 0 to 100'] }),
})

export const Receipt = Type.Object(
  {
    event_id: NullableString({
      description: 'The id of the event, or null when it had none that could be used.',
      examples: ['0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'],
    }),
    status: Type.Enum(['applied', 'duplicate', 'rejected'], {
      description: 'Whether it was committed now, was known already, or leaves no trace.',
      examples: ['applied'],
    }),
    seq: Type.Optional(told(Count, 'Its place in the log, unless it was rejected.', 17)),
    code: Type.Optional(
      Type.Enum(['event_conflict', 'occurred_in_future', 'invalid_event'], {
        description: 'Why it was rejected.',
        examples: ['invalid_event'],
      }),
    ),
    errors: Type.Optional(Type.Array(Fault, { description: 'The rules that an invalid event breaks.' })),
  },
  {
    description: 'What became of one event.',
    examples: [{ event_id: '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11', status: 'applied', seq: 17 }],
  },
)
export type Receipt = Static<typeof Receipt>

export const SubmitResult = Type.Object(
  { results: Type.Array(Receipt, { description: 'A receipt for each event, in the same order.' }), head: Head },
  { description: 'What became of a batch.' },
)
export type SubmitResult = Static<typeof SubmitResult>
