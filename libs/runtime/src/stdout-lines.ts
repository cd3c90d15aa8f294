// Standard output for a log. A line leaves in the turn of the event loop that wrote it, those that follow within ten milliseconds
// together: a write for each was a tenth of what the gateway does for a request, one for each turn still 13 µs. A process that is killed
// takes so much with it. A reader that is slow makes lines wait, up to a bound; one that is gone makes them be lost. Neither may hold up
// the service, or keep it from ending.
import { writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** Written at once when so much has gathered, in UTF-16 units. */
const mostGathered = 65_536
/** Bytes that may wait for a slow reader; lines beyond it are lost. */
const mostWaiting = 4_194_304
/** From one write to the next. */
const pauseMs = 10
/** How long the end of the process waits for a slow reader. */
const atExitMs = 200

const none = Buffer.alloc(0)

export type Write = (bytes: Buffer) => number

class StdoutLines implements DestinationStream {
  readonly #write: Write
  #gathered = ''
  #waiting: Buffer = none
  #scheduled = false
  #gone = false

  constructor(write: Write) {
    this.#write = write
  }

  write(line: string): void {
    if (this.#gone) return
    this.#gathered += line
    if (this.#gathered.length >= mostGathered) this.#flush()
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  end(): void {
    const until = performance.now() + atExitMs
    this.#flush()
    while (this.#waiting.length > 0 && performance.now() < until) this.#flush()
  }

  #turn(): void {
    this.#scheduled = this.#gathered !== '' || this.#waiting.length > 0
    this.#flush()
    if (this.#scheduled) setTimeout(() => this.#turn(), pauseMs)
  }

  #flush(): void {
    if (this.#gathered !== '' && this.#waiting.length < mostWaiting) {
      const bytes = Buffer.from(this.#gathered)
      this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes])
    }
    this.#gathered = ''
    try {
      while (this.#waiting.length > 0) this.#waiting = this.#waiting.subarray(this.#write(this.#waiting))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return
      this.#gone = true
      this.#waiting = none
    }
  }
}

/** `write` writes some of the bytes and says how many, or throws as `fs.writeSync` does. */
export const stdoutLines = (write: Write = bytes => writeSync(1, bytes)): DestinationStream => {
  const lines = new StdoutLines(write)
  process.on('exit', () => lines.end())
  return lines
}
