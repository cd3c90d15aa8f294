// A frame before any door has put it into its own form: its data is text already, so that a page sent to many sockets is
// serialised once. Doors remember their form by the frame's identity.
import { currentRequest, traceparentOf } from '@cairn/runtime'

export interface Frame {
  readonly type: string
  /** JSON. */
  readonly data: string
  /** JSON of `{traceparent, request_id}`, where the frame belongs to a request. */
  readonly context: string | undefined
}

const currentContext = (): string | undefined => {
  const request = currentRequest()
  if (request === undefined) return undefined
  return JSON.stringify({ traceparent: traceparentOf(request.trace), request_id: request.requestId })
}

/** A frame of the current request; `data` is JSON text. */
export const frameOfText = (type: string, data: string): Frame => ({ type, data, context: currentContext() })

export const frameOf = (type: string, data: unknown): Frame => frameOfText(type, JSON.stringify(data))
