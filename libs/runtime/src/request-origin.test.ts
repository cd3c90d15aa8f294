// A request that was written down is the same request when it is read.
import { expect, it } from 'vitest'
import { originOf, requestOfOrigin } from './request-origin.ts'
import { continueTrace } from './trace-context.ts'

it.each([undefined, 'vendor=1', 'vendor=a b,other=2 '])('names request, span and state %j', state => {
  const request = {
    requestId: 'request-0001',
    trace: continueTrace(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`, state),
  }
  const { traceId, spanId, flags } = request.trace
  expect(requestOfOrigin(originOf(request))).toMatchObject({
    requestId: 'request-0001',
    trace: { traceId, spanId, flags, ...(state === undefined ? {} : { state }) },
  })
})

it('begins a trace when there is none to be read', () => {
  const { trace } = requestOfOrigin('request-0001')
  expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/)
})
