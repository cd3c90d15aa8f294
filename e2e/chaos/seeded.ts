// Chance that can be had again: the same seed gives the same schedule.

export interface Chance {
  /** From 0 to below 1. */
  next(): number
  oneOf<T>(list: readonly T[]): T
  shuffled<T>(list: readonly T[]): readonly T[]
}

/** mulberry32, of a 32-bit seed. */
export const seeded = (seed: number): Chance => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const shuffled = <T>(list: readonly T[]): readonly T[] =>
    list
      .map(item => ({ item, key: next() }))
      .toSorted((one, other) => one.key - other.key)
      .map(({ item }) => item)
  return { next, oneOf, shuffled }
}
