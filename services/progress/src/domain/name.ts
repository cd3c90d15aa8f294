// What a track or an item may be called. Checked wherever a name comes from outside: Postgres takes no NUL and no half character.

export const maxNameCodePoints = 128

export const isName = (value: unknown): value is string => {
  if (typeof value !== 'string' || value === '' || value.length > 2 * maxNameCodePoints) return false
  return value.isWellFormed() && !/\p{Cc}/u.test(value) && Array.from(value).length <= maxNameCodePoints
}

/** A track's id is a segment of a path, and URLs know these two as steps: no client could ask for such a track. */
export const isTrackId = (value: unknown): value is string => isName(value) && value !== '.' && value !== '..'
