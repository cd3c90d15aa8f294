// What a benchmark starts, it stops: the last first, whatever becomes of the rest.

export interface Stoppable {
  stop(): Promise<void>
}

/** Gives back what it is given, to be stopped in the end. */
export type Open = <T extends Stoppable>(one: T) => T

/** Runs `work` and then stops everything it opened. */
export const stoppingAll = async <T>(work: (open: Open) => Promise<T>): Promise<T> => {
  const opened: Stoppable[] = []
  try {
    return await work(one => {
      opened.push(one)
      return one
    })
  } finally {
    for (const one of opened.toReversed()) await one.stop()
  }
}
