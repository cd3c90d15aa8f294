// Order statistics. Means are not used: one pause of the machine would be in them.

/** The value below which that share (0 to 1) of the values lies; NaN for none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** To three significant digits: the fourth is noise. */
export const rounded = (value: number): number => Number(value.toPrecision(3))

/** Y per x of points `[x, y]`: the median of the slopes between any two, which a few points far off do not move. */
export const slope = (points: readonly (readonly [number, number])[]): number =>
  median(
    points.flatMap(([x, y], index) => points.slice(index + 1).map(([laterX, laterY]) => (laterY - y) / (laterX - x))),
  )
