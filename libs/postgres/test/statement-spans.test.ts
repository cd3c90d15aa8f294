// Whoever exports spans gets each statement once: those of a batch from here, any other from the instrumentation of pg.
import { createPool, inPipelinedTransaction } from '@cairn/postgres'
import {
  continueTrace,
  createLogger,
  noTelemetry,
  readEnvironment,
  recorderVariables,
  requestContext,
  runInRequest,
  type SpanRecord,
} from '@cairn/runtime'
import { createEmptyDatabase } from '@cairn/testkit'
import { expect, it } from 'vitest'

it.each(['0', '100'])('with a flight recorder of %s lines', async lines => {
  const exported: SpanRecord[] = []
  const exportSpan = (_request: unknown, span: SpanRecord): void => void exported.push(span)
  const limits = readEnvironment(recorderVariables, { FLIGHT_RECORDER_REQUEST_LINES: lines })
  const destination = { write: (): void => undefined }
  const telemetry = { ...noTelemetry, exportSpan }
  const logger = createLogger({ service: 'test', level: 'info', destination, limits, telemetry })
  const database = await createEmptyDatabase()
  const pool = createPool({
    url: database.url,
    name: 'test',
    maxConnections: 1,
    connectTimeoutMs: 1_000,
    statementTimeoutMs: 1_000,
    logger,
    onIdleError: () => undefined,
  })
  try {
    const request = requestContext('request-1', continueTrace())
    await runInRequest(request, async () => {
      await pool.query({ name: 'alone', text: 'SELECT 1' })
      await inPipelinedTransaction(pool, pipeline => pipeline.query({ name: 'together', text: 'SELECT 1' }))
    })
    expect(exported.map(span => span.name)).toEqual(['begin', 'together', 'commit'])
    expect(exported[0]).toMatchObject({
      parent_id: request.trace.spanId,
      attributes: { 'db.system.name': 'postgresql' },
    })
    const recorded = logger.recorder.find('request-1')?.spans.map(span => span.name)
    expect(recorded).toEqual(lines === '0' ? undefined : ['alone', 'begin', 'together', 'commit'])
  } finally {
    await pool.end()
    await database.drop()
  }
})
