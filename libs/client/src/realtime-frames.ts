// Names and numbers of the realtime contract. Only types may be imported from there, since its schemas would drag a
// validator into every app; so they are written again, and the compiler compares.
import type { closeCode as contractCloseCode, frameType as contractFrameType } from '@cairn/contracts'

export const frameType: typeof contractFrameType = {
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
}

export const closeCode: typeof contractCloseCode = {
  drain: 4001,
  tooSlow: 4008,
  tooMany: 4029,
  tokenExpired: 4401,
  badFrame: 4500,
  sessionRevoked: 4503,
  replaced: 4504,
}

/** Codes from here on mean: do not come back by yourself. */
export const firstCodeToStayAway = 4500

export interface Frame {
  readonly type: string
  readonly data: unknown
}

export const parseFrame = (text: unknown): Frame | undefined => {
  if (typeof text !== 'string') return undefined
  try {
    const frame: unknown = JSON.parse(text)
    return typeof frame === 'object' && frame !== null && 'type' in frame ? (frame as Frame) : undefined
  } catch {
    return undefined
  }
}
