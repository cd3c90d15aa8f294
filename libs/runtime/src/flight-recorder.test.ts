import { eventually } from '@cairn/testkit'
import { describe, expect, it } from 'vitest'
import { FlightRecorder, type RecorderLimits } from './flight-recorder.ts'
import { createLogger, type Logger } from './logger.ts'
import { runInRequest, type RequestContext } from './request-context.ts'
import { startSpan } from './span.ts'
import { continueTrace } from './trace-context.ts'

const limits: RecorderLimits = {
  flightRecorderRequestLines: 4,
  flightRecorderRequestBytes: 4_000,
  flightRecorderTotalBytes: 10_000,
  flightRecorderMaxAgeMs: 60_000,
}
const inRequest = <T>(requestId: string, work: (request: RequestContext) => T): T => {
  const request = { requestId, trace: continueTrace() }
  return runInRequest(request, () => work(request))
}
const loggerUnderTest = (changes: Partial<RecorderLimits> = {}): { logger: Logger; written: string[] } => {
  const written: string[] = []
  const destination = { write: (line: string) => void written.push(line) }
  return {
    logger: createLogger({ service: 'test', level: 'info', destination, limits: { ...limits, ...changes } }),
    written,
  }
}
const messagesOf = (recorder: FlightRecorder, requestId: string): unknown[] =>
  (recorder.find(requestId)?.lines ?? []).map(line => (JSON.parse(line) as { message: unknown }).message)

describe('the flight recorder', () => {
  it('keeps debug lines of a request and writes none of them', () => {
    const { logger, written } = loggerUnderTest()
    inRequest('one', () => {
      logger.debug('quiet')
      logger.info('loud')
    })
    expect(messagesOf(logger.recorder, 'one')).toEqual(['quiet', 'loud'])
    expect(written.map(line => (JSON.parse(line) as { message: unknown }).message)).toEqual(['loud'])
  })

  it('forgets old requests also when nothing comes after them', async () => {
    const { logger } = loggerUnderTest({ flightRecorderMaxAgeMs: 20 })
    inRequest('one', () => logger.info('last'))
    expect(logger.recorder.size).toBe(1)
    await eventually(() => expect([logger.recorder.size, logger.recorder.bytes]).toEqual([0, 0]))
  })

  it('keeps lines as they were when they were logged', () => {
    const { logger } = loggerUnderTest()
    const about = { state: 'before', token: 'hush' }
    inRequest('one', () => logger.debug({ about }, 'x'))
    about.state = 'after'
    expect(logger.recorder.find('one')?.lines.join()).toContain('"state":"before"')
    expect(logger.recorder.find('one')?.lines.join()).not.toContain('hush')
  })

  it('keeps the latest of a request, and says how many it dropped', () => {
    const { logger } = loggerUnderTest()
    inRequest('one', () => {
      for (let number = 1; number <= 6; number += 1) logger.debug(String(number))
    })
    expect(messagesOf(logger.recorder, 'one')).toEqual(['3', '4', '5', '6'])
    expect(logger.recorder.find('one')?.dropped).toBe(2)
  })

  it('is bounded by bytes: of a request, and of all together, where the oldest request goes', () => {
    const { logger } = loggerUnderTest()
    const { recorder } = logger
    inRequest('large', () => {
      for (let number = 0; number < 4; number += 1) logger.debug('x'.repeat(1_500))
    })
    expect(recorder.find('large')?.bytes).toBeLessThanOrEqual(4_000)
    for (const requestId of ['a', 'b', 'c', 'd', 'e']) inRequest(requestId, () => logger.debug('x'.repeat(3_000)))
    expect(recorder.bytes).toBeLessThanOrEqual(limits.flightRecorderTotalBytes)
    expect(recorder.find('large')).toBeUndefined()
    expect(recorder.find('e')).toBeDefined()
  })

  it.each([
    { what: 'a long text', about: { text: 'x'.repeat(100_000) } },
    { what: 'a long list', about: { list: Array.from({ length: 50_000 }, () => 'x') } },
    { what: 'many fields', about: Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`field${at}`, at])) },
  ])('keeps of $what what there is room for, still as a record', ({ about }) => {
    const { logger } = loggerUnderTest()
    inRequest('one', () => logger.error({ error: new Error('the cause'), ...about }, 'failed'))
    const [line = ''] = logger.recorder.find('one')?.lines ?? []
    expect(line.length).toBeLessThanOrEqual(limits.flightRecorderRequestBytes)
    expect(JSON.parse(line)).toMatchObject({ level: 'error', message: 'failed', error: { message: 'the cause' } })
  })

  it('says of a long line that is no record that it was one', () => {
    const { logger } = loggerUnderTest()
    inRequest('one', () => logger.recorder.recordLine(`{"level":"error" ${'x'.repeat(10_000)}`))
    expect(messagesOf(logger.recorder, 'one')).toEqual(['a line that is no record'])
  })

  it('forgets a request after its time; what it logs later is kept anew', async () => {
    const { logger } = loggerUnderTest({ flightRecorderMaxAgeMs: 20 })
    await inRequest('one', async () => {
      logger.debug('early')
      const isOldFrom = performance.now() + 20
      await eventually(() => expect(performance.now()).toBeGreaterThan(isOldFrom))
      await eventually(() => expect(logger.recorder.size).toBe(0))
      logger.debug('late')
    })
    expect(messagesOf(logger.recorder, 'one')).toEqual(['late'])
  })

  it('keeps a request that goes on, however many others come and go meanwhile', () => {
    const { logger } = loggerUnderTest()
    inRequest('slow', () => {
      logger.debug('early')
      for (let number = 0; number < 100; number += 1)
        inRequest(`other-${number}`, () => logger.debug('x'.repeat(1_000)))
      expect(logger.recorder.find('slow')).toBeUndefined()
      logger.debug('late')
    })
    expect(messagesOf(logger.recorder, 'slow')).toEqual(['early', 'late'])
    expect(logger.recorder.bytes).toBeLessThanOrEqual(limits.flightRecorderTotalBytes)
  })

  it('is never over its bound, also where one request may have more than all together', () => {
    const { logger } = loggerUnderTest({ flightRecorderRequestBytes: 100_000, flightRecorderRequestLines: 100 })
    inRequest('one', () => {
      for (let number = 0; number < 100; number += 1) {
        logger.debug('x'.repeat(900))
        expect(logger.recorder.bytes).toBeLessThanOrEqual(limits.flightRecorderTotalBytes)
      }
    })
  })

  it('tells the notes of two contexts of one request apart', () => {
    const { logger } = loggerUnderTest()
    const traces = ['alice', 'bob'].map(userHash =>
      inRequest('one', request => {
        request.userHash = userHash
        logger.note({}, 'asked')
        return { user_hash: userHash, trace_id: request.trace.traceId }
      }),
    )
    const notes = logger.recorder.find('one')?.lines.map(line => JSON.parse(line) as unknown)
    expect(notes).toMatchObject(traces)
  })

  it('keeps spans under their parent, and none of them when it is off', () => {
    const { logger } = loggerUnderTest()
    const { spanId } = inRequest('one', request => {
      startSpan(logger.recorder, { name: 'work', kind: 'internal' })?.end('internal')
      return request.trace
    })
    expect(logger.recorder.find('one')?.spans).toMatchObject([{ name: 'work', parent_id: spanId, error: 'internal' }])
    const off = loggerUnderTest({ flightRecorderRequestLines: 0 })
    inRequest('one', () => {
      off.logger.debug('quiet')
      startSpan(off.logger.recorder, { name: 'work', kind: 'internal' })?.end()
    })
    expect(off.logger.recorder.size).toBe(0)
  })
})
