// Bounded clean-up: the janitor asks, the owner deletes at most `limit` rows in one statement and says how many. What is due is
// decided by the owner's database, never by the clock of whoever asks.
import { Type, type Static } from 'typebox'
import { Count, Nullable, Uuid } from './scalars.ts'

const closed = { additionalProperties: false }
const Limit = Type.Integer({ minimum: 1, maximum: 1_000 })
/** Deletes nothing; says what is due. */
const DryRun = Type.Optional(Type.Boolean())

export const CleanUpBatch = Type.Object({ limit: Limit, dry_run: DryRun }, closed)
export type CleanUpBatch = Static<typeof CleanUpBatch>

/** At most `limit` of the rows that are due, and for how long the oldest of them has been; null when none is. */
export const DueRows = Type.Object({ rows: Count, oldest_ms: Nullable(Type.Number()) })
export type DueRows = Static<typeof DueRows>

/** Fewer than `limit` deleted: nothing is left to delete for now. `due` answers a dry run. */
export const CleanUpResult = Type.Object({ deleted: Count, due: Type.Optional(DueRows) })
export type CleanUpResult = Static<typeof CleanUpResult>

/**
 * A walk through a whole table, some pages of its file at a time: for what no index can find without slowing every change. Janitors
 * and owners of before know no `limit`: the one sends none, the other refuses it.
 */
export const SweepPages = Type.Object(
  {
    from_page: Count,
    pages: Type.Integer({ minimum: 1, maximum: 1_000 }),
    limit: Type.Optional(Limit),
    dry_run: DryRun,
  },
  closed,
)
export type SweepPages = Static<typeof SweepPages>

/** `next_page` is null at the end of the table. `rows` were deleted, `limit` at most, or in a dry run all that are due in these pages. */
export const SweptPages = Type.Object({ rows: Count, next_page: Nullable(Count) })
export type SweptPages = Static<typeof SweptPages>

/** Where a walk through guests goes on. */
export const GuestCursor = Type.Object({ created_at: Type.String({ maxLength: 64 }), id: Uuid }, closed)
export type GuestCursor = Static<typeof GuestCursor>

export const FindAbandonedGuests = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 500 }), after: Type.Optional(GuestCursor) },
  closed,
)
export type FindAbandonedGuests = Static<typeof FindAbandonedGuests>
export const AbandonedGuests = Type.Object({ user_ids: Type.Array(Uuid), next: Nullable(GuestCursor) })
export type AbandonedGuests = Static<typeof AbandonedGuests>

export const UserIds = Type.Object({ user_ids: Type.Array(Uuid, { maxItems: 500 }) }, closed)
export type UserIds = Static<typeof UserIds>

/** Rows are the planner's estimate; the age is that of the oldest event that still waits to be published. */
export const TableReport = Type.Object({
  tables: Type.Array(Type.Object({ name: Type.String(), rows: Type.Number(), bytes: Type.Number() })),
  outbox_oldest_ms: Nullable(Type.Number()),
})
export type TableReport = Static<typeof TableReport>
