// Reading a user's log from progress, to begin with and to repair. After an outage every socket of the node wants to at
// once: a bounded number of reads run, the others wait.
import { readChanges, readHead, type Caller, type ChangesPage, type Head } from '@cairn/contracts'
import { request, type Bus } from '@cairn/bus'
import { Limiter } from './limiter.ts'

export interface LogReader {
  /** Rejects with `unavailable` when progress gives no answer in time. */
  readHead(caller: Caller): Promise<Head>
  /** The same, of somebody who need not have it at once; undefined when it is not wanted any more by the time its turn comes. */
  readHeadInTurn(caller: Caller, isWanted: () => boolean): Promise<Head | undefined>
  /**
   * The next page after `position`; undefined when it is not wanted any more by the time its turn comes. Rejects with
   * `resync_required` when progress cannot continue from there.
   */
  readChanges(caller: Caller, position: Head, isWanted: () => boolean): Promise<ChangesPage | undefined>
}

export interface LogReaderOptions {
  readonly bus: Bus
  readonly handshakeTimeoutMs: number
  readonly repairTimeoutMs: number
  /** Pages, and heads that are not asked for by a handshake, read at the same time, over all sockets of this node. */
  readonly repairConcurrency: number
  readonly maxPageEvents: number
}

export const createLogReader = (options: LogReaderOptions): LogReader => {
  const { bus, handshakeTimeoutMs, repairTimeoutMs, maxPageEvents } = options
  const repairs = new Limiter(options.repairConcurrency)
  const head = (caller: Caller): Promise<Head> =>
    request(bus, readHead, { caller, payload: {}, timeoutMs: handshakeTimeoutMs })
  return {
    readHead: head,
    readHeadInTurn: (caller, isWanted) => repairs.run(async () => (isWanted() ? head(caller) : undefined)),
    readChanges: (caller, { epoch, seq }, isWanted) => {
      const payload = { since: seq, epoch, limit: maxPageEvents }
      return repairs.run(async () => {
        return isWanted() ? request(bus, readChanges, { caller, payload, timeoutMs: repairTimeoutMs }) : undefined
      })
    },
  }
}
