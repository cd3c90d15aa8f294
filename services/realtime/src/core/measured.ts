// A piece of work that is all there is to its request, a handshake or a frame: ends the request's own span.
import { toCairnError, type ErrorCode } from '@cairn/contracts'
import { currentRequest, endRequestSpan, type Logger } from '@cairn/runtime'

export interface Piece<T> {
  /** Of the span. */
  readonly name: string
  readonly work: () => Promise<T>
  /** `code` is that of what `work` rejected with. Must not throw. */
  readonly onEnd?: (ms: number, code: ErrorCode | undefined) => void
}

/** Settles as `work` does. */
export const measured = async <T>({ recorder }: Logger, { name, work, onEnd }: Piece<T>): Promise<T> => {
  const startedAt = performance.now()
  const end = (error?: ErrorCode): void => {
    const request = currentRequest()
    if (request !== undefined) endRequestSpan(recorder, request, { name, kind: 'server', startedAt, error })
    onEnd?.(performance.now() - startedAt, error)
  }
  try {
    const result = await work()
    end()
    return result
  } catch (error) {
    end(toCairnError(error).code)
    throw error
  }
}
