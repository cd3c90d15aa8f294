// On whose behalf something is done later, by whichever process: a request as one line of text that can be stored with it.
import type { RequestContext } from './request-context.ts'
import { traceparentOf } from './trace-context.ts'

/** `request-id traceparent`, and a tracestate after that where there is one. */
export const originOf = ({ requestId, trace }: RequestContext): string => {
  const ids = `${requestId} ${traceparentOf(trace)}`
  return trace.state === undefined ? ids : `${ids} ${trace.state}`
}

/** As `originOf` wrote them; what is done in their name belongs under the span the request had. '' for what is not there. */
export interface OriginIds {
  readonly requestId: string
  readonly traceparent: string
  readonly tracestate: string
}

export const idsOfOrigin = (origin: string): OriginIds => {
  const [requestId = '', traceparent = ''] = origin.split(' ', 2)
  return { requestId, traceparent, tracestate: origin.slice(requestId.length + traceparent.length + 2) }
}
