// A page of a list, from one row more than it may have: that row only tells whether there is another page.

export const defaultPageLimit = 200
export const maxPageLimit = 1_000

/** More than the most means the most. */
export const pageLimit = (asked: number | undefined): number => Math.min(asked ?? defaultPageLimit, maxPageLimit)

export interface Page<T> {
  readonly entries: readonly T[]
  readonly nextCursor: string | null
}

export const pageOf = <T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> => {
  const entries = found.slice(0, limit)
  const last = entries.at(-1)
  return { entries, nextCursor: last === undefined || found.length <= limit ? null : cursorOf(last) }
}
