// A user in logs and metrics: a keyed hash, so that nobody without the key can find or confirm an id.
import { createHmac, createSecretKey } from 'node:crypto'

export type HashUser = (userId: string) => string

/** A request hashes its caller in each service; most callers come again soon. */
const remembered = 10_000

/** HMAC-SHA-256 under `key`, cut to 64 bits as 16 hex digits. */
export const userHasher = (key: Buffer): HashUser => {
  const secret = createSecretKey(key)
  const known = new Map<string, string>()
  return userId => {
    const found = known.get(userId)
    if (found !== undefined) return found
    if (known.size >= remembered) known.clear()
    const hash = createHmac('sha256', secret).update(userId).digest().toString('hex', 0, 8)
    known.set(userId, hash)
    return hash
  }
}
