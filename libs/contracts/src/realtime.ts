// Realtime's vocabulary: the same frames on both doors, and every close code (design §6).
import { Type, type Static } from 'typebox'
import { Head } from './progress-state.ts'
import { Count, Instant, Uuid } from './scalars.ts'

export const frameType = {
  sessionReady: 'session.ready',
  progressChanged: 'progress.changed',
  resumeReset: 'resume.reset',
  tokenExpiring: 'token.expiring',
  sessionClosing: 'session.closing',
  noticePosted: 'notice.posted',
  pong: 'pong',
  ping: 'ping',
  resume: 'resume',
  tokenRefresh: 'token.refresh',
} as const

export const SessionReady = Type.Object({
  epoch: Type.String(),
  seq: Count,
  expires_in: Type.Integer(),
  answers_ping: Type.Optional(
    Type.Boolean({ description: 'True of a node that answers `ping`; one that does not know it closes 4500.' }),
  ),
})
export type SessionReady = Static<typeof SessionReady>

/** Whether the connection carries anything; answered by `pong`, with the same data. */
export const Ping = Type.Object({}, { additionalProperties: false })
export type Ping = Static<typeof Ping>

export const Resume = Type.Object(
  { epoch: Type.String({ maxLength: 64 }), seq: Count },
  { additionalProperties: false },
)
export type Resume = Static<typeof Resume>

export const ResumeReset = Type.Object({ head: Head })
export type ResumeReset = Static<typeof ResumeReset>

export const TokenExpiring = Type.Object({
  expires_in: Type.Integer({ description: 'Seconds until the token expires.' }),
})
export type TokenExpiring = Static<typeof TokenExpiring>

export const TokenRefresh = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 8192 }) },
  { additionalProperties: false },
)
export type TokenRefresh = Static<typeof TokenRefresh>

export const SessionClosing = Type.Object({
  code: Type.Integer(),
  retry_after_ms: Type.Optional(Count),
  incident_id: Type.Optional(Type.String()),
})
export type SessionClosing = Static<typeof SessionClosing>

export const NoticePosted = Type.Object(
  { notice_id: Uuid, text: Type.String({ minLength: 1, maxLength: 1_000 }), posted_at: Instant },
  { additionalProperties: false },
)
export type NoticePosted = Static<typeof NoticePosted>

/** Codes below 4500: come back (4401 with a new token). From 4500 on: stay away. */
export const closeCode = {
  drain: 4001,
  tooSlow: 4008,
  tooMany: 4029,
  tokenExpired: 4401,
  badFrame: 4500,
  sessionRevoked: 4503,
  replaced: 4504,
} as const
export type CloseCode = (typeof closeCode)[keyof typeof closeCode]
