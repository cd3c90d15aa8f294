// Random ids as text, cut from a block that is filled now and then: asking the system for a few bytes costs several times as much.
import { randomFillSync } from 'node:crypto'

const blockBytes = 4_096

const createSource = (encoding: 'hex' | 'base64url'): ((bytes: number) => string) => {
  const block = Buffer.alloc(blockBytes)
  let used = blockBytes
  return bytes => {
    if (used + bytes > blockBytes) {
      randomFillSync(block)
      used = 0
    }
    used += bytes
    return block.toString(encoding, used - bytes, used)
  }
}

/** `bytes` (at most 4 096) random bytes as lower-case hex. */
export const randomHex = createSource('hex')

/** The same as base64url, without padding. */
export const randomBase64Url = createSource('base64url')
