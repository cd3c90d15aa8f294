// Entity tags of RFC 9110, 8.8.3. Ours are weak: the answers differ in their `request_id`.

const tagPattern = /(?:W\/)?"([\x21\x23-\x7e]{0,128})"/g
const mostTags = 16

export const weakTag = (tag: string): string => `W/"${tag}"`

/** The tags of an `If-None-Match` header, `*` for any; none when the header is absent. Compared weakly, as 13.1.2 asks. */
export const knownTags = (header: string | undefined): string[] => {
  if (header === undefined) return []
  if (header.trim() === '*') return ['*']
  return [...header.matchAll(tagPattern)].slice(0, mostTags).map(match => match[1] ?? '')
}
