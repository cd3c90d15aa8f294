// Standard output for a log. Lines of one turn of the event loop leave in one write: a write for each was a tenth of what the
// gateway does for a request.
import { pino, type DestinationStream } from 'pino'

/** Written at once when so much has gathered within a turn. */
const mostGathered = 8_192

export const stdoutLines = (): DestinationStream => {
  const out = pino.destination({ minLength: mostGathered })
  let scheduled = false
  const flush = (): void => {
    scheduled = false
    out.flushSync()
  }
  process.on('exit', flush)
  return {
    write: line => {
      out.write(line)
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    },
  }
}
