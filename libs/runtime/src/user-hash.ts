// A user in logs and metrics: a keyed hash, so that nobody without the key can find or confirm an id.
import { createHmac } from 'node:crypto'

export type HashUser = (userId: string) => string

/** HMAC-SHA-256 under `key`, cut to 64 bits as 16 hex digits. */
export const userHasher =
  (key: Buffer): HashUser =>
  userId =>
    createHmac('sha256', key).update(userId).digest('hex').slice(0, 16)
