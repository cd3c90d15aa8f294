// Places among a node's connections for what is none (yet, or any more) but has its socket open.
import type { EventEmitter } from 'node:events'

export interface Place {
  readonly taken: boolean
  readonly giveBack: () => void
}

export interface Places {
  readonly taken: number
  /** Takes one until it is given back, or `channel` closes. */
  take(channel: EventEmitter): Place
}

export const createPlaces = (): Places => {
  const all = new Set<() => void>()
  return {
    get taken() {
      return all.size
    },
    take: channel => {
      const giveBack = (): void => {
        all.delete(giveBack)
        channel.off('close', giveBack)
      }
      all.add(giveBack)
      channel.once('close', giveBack)
      return {
        get taken() {
          return all.has(giveBack)
        },
        giveBack,
      }
    },
  }
}
