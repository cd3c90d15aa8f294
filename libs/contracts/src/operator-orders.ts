// What an operator orders all realtime nodes to do, and what each of them answers. They travel over Redis, not over the bus.
import { Type, type Static } from 'typebox'
import { isErrorCode, type ErrorCode } from './errors.ts'
import { Count, Uuid } from './scalars.ts'

export const orderName = {
  /** With a `NoticePosted`: everybody who is connected gets it as a frame. */
  postNotice: 'notice.post',
  /** With a `DisconnectUser`. */
  disconnectUser: 'user.disconnect',
} as const
export type OrderName = (typeof orderName)[keyof typeof orderName]

export const DisconnectUser = Type.Object({ user_id: Uuid }, { additionalProperties: false })
export type DisconnectUser = Static<typeof DisconnectUser>

export const OrderAnswer = Type.Union([
  Type.Object({ connections: Count }),
  Type.Object({ code: Type.Unsafe<ErrorCode>(Type.Refine(Type.String(), isErrorCode)) }),
])
/** How many connections of the node it reached, or why none. */
export type OrderAnswer = Static<typeof OrderAnswer>
