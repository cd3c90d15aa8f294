// Cuts a stream into lines of bounded length, so that a service which never ends its line cannot fill our memory.
import type { Readable } from 'node:stream'

/** Longer lines are cut; a log record with a stack trace has a few KiB. */
const longestLine = 16_384

export const onLines = (stream: Readable, onLine: (line: string) => void): void => {
  let rest = ''
  const emit = (line: string): void => {
    if (line !== '') onLine(line.length > longestLine ? `${line.slice(0, longestLine)} … (cut)` : line)
  }
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    // Of an unfinished line one character more than the bound is kept: enough to know that it was cut.
    rest = (lines.pop() ?? '').slice(0, longestLine + 1)
    lines.forEach(emit)
  })
  stream.on('end', () => emit(rest))
  // A broken pipe tells no more than the exit that follows it.
  stream.on('error', () => undefined)
}
