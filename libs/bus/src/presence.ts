// Whether a stream or a consumer that this service works with is there, for whoever collects: without it, events only wait.
import type { Bus } from './connection.ts'

/** To be told each time it turns out; taken to be there until then, and whenever it is not for this process to tell. */
export const watchPresence = (
  { logger }: Bus,
  labels: { readonly stream: string; readonly consumer?: string },
  isOursToTell: () => boolean = () => true,
): ((isMissing: boolean) => void) => {
  let missing = false
  logger.metrics.gauge('cairn.stream.missing', () => (missing && isOursToTell() ? 1 : 0), labels)
  return isMissing => {
    missing = isMissing
  }
}
