/**
 * A copy of a text that was found in a larger one: what `slice` or a pattern finds is a part of that one for V8, which keeps all of it
 * for as long as the part is kept. For what is remembered for longer than what it came with.
 */
export const ownText = (found: string): string => {
  const copy = Buffer.from(found).toString()
  // Half a surrogate pair cannot be copied this way.
  return copy === found ? copy : found
}
