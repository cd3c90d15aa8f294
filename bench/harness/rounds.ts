// Interleaved rounds: every case once per round, each round beginning with another one, so that whatever the machine does
// meanwhile happens to all of them. What counts of a case is the median over its rounds.
import { median, rounded } from './statistics.ts'

export type Measured = Readonly<Record<string, number>>

/** Runs every case `rounds` times and gives back, by case and measure, the medians. */
export const interleave = async <Case extends string>(
  cases: Readonly<Record<Case, () => Promise<Measured>>>,
  rounds: number,
  onRound: (round: number) => void,
): Promise<Record<Case, Measured>> => {
  const names = Object.keys(cases) as Case[]
  const seen = new Map<Case, Measured[]>(names.map(name => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length] as Case
      seen.get(name)?.push(await cases[name]())
    }
    onRound(round + 1)
  }
  const mediansOf = (all: readonly Measured[]): Measured =>
    Object.fromEntries(Object.keys(all[0] ?? {}).map(measure => [measure, median(all.map(one => one[measure] ?? 0))]))
  return Object.fromEntries(names.map(name => [name, mediansOf(seen.get(name) ?? [])])) as Record<Case, Measured>
}

/** Measures by case, to as many digits as mean something. */
export const figuresOf = (medians: Readonly<Record<string, Measured>>): Record<string, Measured> =>
  Object.fromEntries(
    Object.entries(medians).map(([name, measured]) => [
      name,
      Object.fromEntries(Object.entries(measured).map(([measure, value]) => [measure, rounded(value)])),
    ]),
  )
