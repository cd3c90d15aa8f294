// What a snapshot depends on, as a tag: two answers with the same tag say the same. Whose it is counts, too: caches of phones know
// answers by their URL, and ask with the tag of whoever was signed in before.
import { createHash } from 'node:crypto'
import type { Head } from '@cairn/contracts'

export interface TaggedSnapshot {
  readonly userId: string
  readonly head: Head
  readonly timeZone: string | undefined
  /** Days since 1970. */
  readonly today: number
}

/** Opaque, and free of the characters that HTTP forbids in an entity tag. */
export const snapshotTag = ({ userId, head: { epoch, seq }, timeZone, today }: TaggedSnapshot): string => {
  const parts = JSON.stringify([userId, epoch, seq, timeZone ?? null, today])
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22)
}
