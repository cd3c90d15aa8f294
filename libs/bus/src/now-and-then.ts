// For what fails again and again: the first of a row is told of, and then one every few seconds.

const tellEveryMs = 5_000

export const nowAndThen = <T>(tell: (about: T) => void): ((about: T) => void) => {
  let toldAt = Number.NEGATIVE_INFINITY
  return about => {
    if (performance.now() - toldAt < tellEveryMs) return
    toldAt = performance.now()
    tell(about)
  }
}
