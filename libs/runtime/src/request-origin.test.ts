// A request that was written down is the same request when it is read.
import { expect, it } from 'vitest'
import { idsOfOrigin, originOf } from './request-origin.ts'
import { continueTrace } from './trace-context.ts'

it.each([undefined, 'vendor=1', 'vendor=a b,other=2 '])('names request, span and state %j', state => {
  const trace = continueTrace(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`, state)
  expect(idsOfOrigin(originOf({ requestId: 'request-0001', trace }))).toEqual({
    requestId: 'request-0001',
    traceparent: `00-${'a'.repeat(32)}-${trace.spanId}-00`,
    tracestate: state ?? '',
  })
})

it('finds no trace where there is none', () => {
  expect(idsOfOrigin('request-0001')).toEqual({ requestId: 'request-0001', traceparent: '', tracestate: '' })
})
