// Random ids as hex, cut from a block that is filled now and then: asking the system for eight bytes costs several times as much.
import { randomFillSync } from 'node:crypto'

const blockBytes = 4_096

const createSource = (): ((bytes: number) => string) => {
  const block = Buffer.alloc(blockBytes)
  let used = blockBytes
  return bytes => {
    if (used + bytes > blockBytes) {
      randomFillSync(block)
      used = 0
    }
    used += bytes
    return block.toString('hex', used - bytes, used)
  }
}

/** `bytes` (at most 4 096) random bytes as lower-case hex. */
export const randomHex = createSource()
