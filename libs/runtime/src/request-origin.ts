// On whose behalf something is done later, by whichever process: a request as one line of text that can be stored with it.
import { continueTrace, traceparentOf } from './trace-context.ts'
import { requestContext, type RequestContext } from './request-context.ts'

/** `request-id traceparent`, and a tracestate after that where there is one. */
export const originOf = ({ requestId, trace }: RequestContext): string => {
  const ids = `${requestId} ${traceparentOf(trace)}`
  return trace.state === undefined ? ids : `${ids} ${trace.state}`
}

/** The request that `origin` names, as it was then: what is done for it belongs under the span it had. */
export const requestOfOrigin = (origin: string): RequestContext => {
  const [requestId = '', traceparent = ''] = origin.split(' ', 2)
  const trace = continueTrace(traceparent, origin.slice(requestId.length + traceparent.length + 2))
  return requestContext(requestId, { ...trace, spanId: trace.parentId ?? trace.spanId })
}
