// Refresh tokens: `rt1.<session id>.<generation>.<128 random bits>.<128 bits of HMAC over all before>`. The session id
// selects the row and is public, so the MAC comes first: without it anybody could end anybody's session.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Keys } from './derive-key.ts'

export interface RefreshToken {
  readonly text: string
  readonly sessionId: string
  readonly generation: number
  /** SHA-256 of the text, which is what the database holds. The text has 128 random bits, so nothing slower is needed. */
  readonly hash: Buffer
}

export interface RefreshTokenParts {
  readonly sessionId: string
  readonly generation: number
  /** 16 random bytes. */
  readonly secret: Buffer
}

const pattern = /^(rt1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(0|[1-9]\d{0,8})\.[\w-]{22})\.([\w-]{22})$/
const macBytes = 16

const macOf = (key: Buffer, head: string): string =>
  createHmac('sha256', key).update(head).digest().subarray(0, macBytes).toString('base64url')

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

export const makeRefreshToken = ([key]: Keys, { sessionId, generation, secret }: RefreshTokenParts): RefreshToken => {
  const head = `rt1.${sessionId}.${generation}.${secret.toString('base64url')}`
  const text = `${head}.${macOf(key, head)}`
  return { text, sessionId, generation, hash: hashOf(text) }
}

/** Undefined for anything we did not make. The MAC is compared as text, so one token has one spelling. */
export const readRefreshToken = (keys: Keys, text: string): RefreshToken | undefined => {
  const [, head, sessionId, generation, mac] = pattern.exec(text) ?? []
  if (head === undefined || sessionId === undefined || generation === undefined || mac === undefined) return undefined
  if (!keys.some(key => timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(key, head))))) return undefined
  return { text, sessionId, generation: Number(generation), hash: hashOf(text) }
}
