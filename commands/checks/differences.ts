// What differs between two texts, in the order of the lines, each under the line that its object begins with: pure.

const mostShown = 20

interface Change {
  readonly line: string
  readonly sign: '-' | '+' | ' '
}

/** How many lines `old` from i on and `now` from j on have in common, in one order: `[i][j]`. */
const commonLines = (old: readonly string[], now: readonly string[]): readonly Uint32Array[] => {
  const common = Array.from({ length: old.length + 1 }, () => new Uint32Array(now.length + 1))
  for (let i = old.length - 1; i >= 0; i -= 1) {
    const [row, below] = [common[i], common[i + 1]]
    if (row === undefined || below === undefined) continue
    for (let j = now.length - 1; j >= 0; j -= 1) {
      row[j] = old[i] === now[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return common
}

const changes = (old: readonly string[], now: readonly string[]): readonly Change[] => {
  const common = commonLines(old, now)
  const all: Change[] = []
  let [i, j] = [0, 0]
  while (i < old.length || j < now.length) {
    const [before, after] = [old[i], now[j]]
    if (before !== undefined && before === after) {
      all.push({ sign: ' ', line: before })
      i += 1
      j += 1
    } else if (before !== undefined && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0)) {
      all.push({ sign: '-', line: before })
      i += 1
    } else {
      all.push({ sign: '+', line: after ?? '' })
      j += 1
    }
  }
  return all
}

const beginsObject = (line: string): boolean => /^[^\s)}]/.test(line)

/** Lines for people: `-` is only before, `+` only after, none of both where it stands; at most a few. */
export const differences = (before: string, after: string): string[] => {
  const shown: string[] = []
  let heading: string | undefined
  for (const { sign, line } of changes(before.split('\n'), after.split('\n'))) {
    if (beginsObject(line)) heading = sign === ' ' ? line : undefined
    if (sign === ' ' || line === '') continue
    if (heading !== undefined && !beginsObject(line)) shown.push(`    ${heading}`)
    if (!beginsObject(line)) heading = undefined
    shown.push(`  ${sign} ${line.trim()}`)
  }
  const left = shown.length - mostShown
  return left > 0 ? [...shown.slice(0, mostShown), `  … and ${left} lines more`] : shown
}
