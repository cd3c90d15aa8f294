// Sessions whose refresh tokens follow from their number, so that a million of them need not be kept: id, user and first
// token are computed again when one is used.
import { createHash } from 'node:crypto'
import { deriveKey } from '../../services/auth/src/crypto/derive-key.ts'
import { makeRefreshToken, type RefreshToken } from '../../services/auth/src/crypto/refresh-token.ts'

const bytesOf = (text: string): Buffer => createHash('sha256').update(text).digest().subarray(0, 16)

/** A UUID of version 4 in form; v4 also in that it is scattered over the whole index. */
const uuidOf = (text: string): string => {
  const bytes = bytesOf(text)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export interface KnownSession {
  readonly userId: string
  readonly token: RefreshToken
}

export const knownSessions = (masterKey: Buffer): ((number: number) => KnownSession) => {
  const macKey = deriveKey(masterKey, 'refreshTokenMac')
  return number => ({
    userId: uuidOf(`user ${number}`),
    token: makeRefreshToken([macKey], {
      sessionId: uuidOf(`session ${number}`),
      generation: 0,
      secret: bytesOf(`secret ${number}`),
    }),
  })
}
