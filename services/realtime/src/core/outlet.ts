// All the core knows of a door: where frames go out. Doors give one for each client they let in.
import type { CloseCode } from '@cairn/contracts'
import type { Frame } from './frame.ts'

export interface Outlet {
  send(frame: Frame): void
  /** Bytes taken by `send` that the operating system has not taken yet, wherever they wait. */
  readonly pendingBytes: number
  /** Ends the connection in an orderly way, after what was sent. */
  close(code: CloseCode): void
  /** Ends it at once; what was not sent yet is lost. */
  terminate(): void
  /** Pings if it is time, ends a silent connection, and says when to be called again; all in milliseconds of `performance.now()`. */
  keepAlive(now: number): number
}
