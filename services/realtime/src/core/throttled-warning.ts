// A warning that many connections may give rise to at once: one line the first time, then one line for all that follow in a while.
import { runOutsideRequest, type Logger } from '@cairn/runtime'

export interface ThrottledWarningOptions {
  readonly logger: Logger
  readonly message: string
  /** Between two lines. */
  readonly intervalMs: number
}

/** `about` is what is written of the last one; `times` is how many the line stands for. */
export const createThrottledWarning = ({
  logger,
  message,
  intervalMs,
}: ThrottledWarningOptions): ((about?: object) => void) => {
  let waiting: { about: object; times: number } | undefined
  let timer: NodeJS.Timeout | undefined
  // Of many requests by then, hence of none.
  const writeWaiting = (): void => {
    timer = undefined
    if (waiting !== undefined) write(waiting.about, waiting.times)
    waiting = undefined
  }
  const write = (about: object, times: number): void => {
    logger.warn({ ...about, times }, message)
    timer = runOutsideRequest(() => setTimeout(writeWaiting, intervalMs)).unref()
  }
  return (about = {}) => {
    if (timer === undefined) write(about, 1)
    else waiting = { about, times: (waiting?.times ?? 0) + 1 }
  }
}
