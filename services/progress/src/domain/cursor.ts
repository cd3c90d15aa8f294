// Where a list goes on, as an opaque text. Tracks go on before a `seq`: one touched meanwhile moves to the front and is not
// seen again, but the changes since the snapshot's head have it. Items go on behind an item id.
import { isName } from './name.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64url')
const decode = (cursor: string): string => Buffer.from(cursor, 'base64url').toString()

export const trackCursor = (lastSeq: number): string => encode(`before:${lastSeq}`)

/** The `last_seq` before which tracks go on; undefined for a cursor that was never given out. */
export const parseTrackCursor = (cursor: string): number | undefined => {
  const match = /^before:(\d{1,15})$/.exec(decode(cursor))
  return match === null ? undefined : Number(match[1])
}

export const itemCursor = (itemId: string): string => encode(`after:${itemId}`)

/** The item id behind which items go on; undefined for a cursor that was never given out. */
export const parseItemCursor = (cursor: string): string | undefined => {
  const text = decode(cursor)
  const itemId = text.slice('after:'.length)
  return text.startsWith('after:') && isName(itemId) ? itemId : undefined
}
