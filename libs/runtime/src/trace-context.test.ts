import { describe, expect, it } from 'vitest'
import { continueTrace, traceparentOf } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = `00-${traceId}-00f067aa0ba902b7-01`

describe('continueTrace', () => {
  it('keeps the trace, its flags and state, under a span of its own', () => {
    const trace = continueTrace(parent, 'vendor=1')
    expect(trace).toMatchObject({ traceId, flags: '01', state: 'vendor=1' })
    expect(trace.spanId).not.toBe('00f067aa0ba902b7')
    expect(traceparentOf(trace)).toBe(`00-${traceId}-${trace.spanId}-01`)
  })

  it.each([
    ['ff', '03'],
    ['fd', '01'],
    ['02', '02'],
    ['80', '00'],
  ])('sends no flag that it does not know: of %s it keeps %s', (flags, known) => {
    const trace = continueTrace(`00-${traceId}-00f067aa0ba902b7-${flags}`)
    expect(traceparentOf(trace)).toBe(`00-${traceId}-${trace.spanId}-${known}`)
  })

  it('reads what a later version may append', () => {
    expect(continueTrace(`cc-${traceId}-00f067aa0ba902b7-00-more`)).toMatchObject({ traceId, flags: '00' })
  })

  it.each([
    undefined,
    '',
    'garbage',
    parent.toUpperCase(),
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `ff-${traceId}-00f067aa0ba902b7-01`,
    `${parent}-more`,
  ])('starts a new trace for %j, without its state', traceparent => {
    const trace = continueTrace(traceparent, 'vendor=1')
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(trace.traceId).not.toBe(traceId)
    expect(trace.state).toBeUndefined()
  })

  it('drops a state with what cannot be printed', () => {
    expect(continueTrace(parent, 'a=\u001eb').state).toBeUndefined()
    expect(continueTrace(parent, 'a=b,\tc=~').state).toBe('a=b,\tc=~')
  })

  it('drops a state that is too long', () => {
    expect(continueTrace(parent, 'x'.repeat(513)).state).toBeUndefined()
  })
})
