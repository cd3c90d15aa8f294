// Bounded clean-up: the janitor asks, the owner deletes at most `limit` rows in one statement and says how many.
import { Type, type Static } from 'typebox'
import { Count } from './scalars.ts'

export const CleanUpBatch = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 1_000 }) },
  { additionalProperties: false },
)
export type CleanUpBatch = Static<typeof CleanUpBatch>

/** Fewer than `limit` deleted: nothing is left to delete for now. */
export const CleanUpResult = Type.Object({ deleted: Count })
export type CleanUpResult = Static<typeof CleanUpResult>
