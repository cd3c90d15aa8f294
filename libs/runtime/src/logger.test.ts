import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import { runInRequest } from './request-context.ts'
import { continueTrace } from './trace-context.ts'
import { userHasher } from './user-hash.ts'

const capture = (level: string) => {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  return { lines, logger: createLogger({ service: 'test', level, destination }) }
}

describe('a log line', () => {
  it('carries service and, within a request, its ids and the hash of the user', () => {
    const { lines, logger } = capture('info')
    const trace = continueTrace()
    const userHash = userHasher(Buffer.alloc(32, 1))('8d6c9a3e-0000-4000-8000-000000000001')
    logger.info('before')
    runInRequest({ requestId: 'request-1', trace, userHash }, () => logger.info({ rows: 3 }, 'during'))
    expect(lines[0]).toMatchObject({ service: 'test', level: 'info', message: 'before' })
    expect(lines[0]).not.toHaveProperty('request_id')
    expect(lines[1]).toMatchObject({ request_id: 'request-1', trace_id: trace.traceId, user_hash: userHash, rows: 3 })
    expect(userHash).toMatch(/^[0-9a-f]{16}$/)
  })

  it('holds no secret, at any depth, of an error, or in the middle of a text', () => {
    const { lines, logger } = capture('info')
    const secret = 'do-not-print'
    const signed = `eyJhbGciOiJFZERTQSJ9.${secret}.${secret}`
    logger.info(
      {
        token: secret,
        body: { refresh_token: secret, user: { email: secret, deep: [{ cookie: secret }] } },
        headers: { authorization: secret },
        error: Object.assign(new Error(`bad ${signed}`), { config: { headers: { authorization: secret } } }),
      },
      `of ${secret}@example.com with Bearer ${secret} at nats://user:${secret}@bus.example.com`,
    )
    expect(lines).toHaveLength(1)
    expect(JSON.stringify(lines)).not.toContain(secret)
    expect(JSON.stringify(lines)).toContain('[redacted]')
  })

  it.each([
    'redis://:do-not-print@redis:6379',
    'postgres://cairn:do-not-print@postgres:5432/cairn',
    'nats://gateway:do!not@print,do-not-print@nats:4222, nats://other:do-not-print@nats',
    '"redis://default:do-not-print@[::1]:6379"',
  ])('holds no password of %j', url => {
    const { lines, logger } = capture('info')
    logger.info({ error: new Error(`cannot connect to ${url}`) }, `cannot connect to ${url} now`)
    expect(lines[0]?.['message']).toMatch(/^cannot connect to "?\w+:\/\/\[redacted\]@.* now$/)
    expect(JSON.stringify(lines)).not.toContain('not-print')
  })

  it.each(
    ['\n', '\t', '\b', '\f', '\r', '"', '\\', '\u0001', '\u000e'].flatMap(before =>
      ['hush@example.com', 'Bearer hush', 'yJhbGciOiJFZERTQSJ9.hush', 'eyJhbGciOiJFZERTQSJ9.hush', 'earer hush'].map(
        secret => ({ before, secret }),
      ),
    ),
  )('is JSON, and holds no secret, where $secret follows $before', ({ before, secret }) => {
    const { lines, logger } = capture('info')
    logger.info(`all${before}${secret} @`)
    const isSecret = !/^(?:yJ|earer)/.test(secret)
    expect(lines[0]).toMatchObject({ message: `all${before}${isSecret ? '[redacted]' : secret} @` })
  })

  it('leaves other addresses whole', () => {
    const { lines, logger } = capture('info')
    const message = 'of https://example.com/@cairn/bus?q=1 in file:///srv/node_modules/@cairn/bus, and ws://[::1]:80/'
    logger.info(message)
    expect(lines[0]).toMatchObject({ message })
  })

  it('tells of an error what is known to be harmless, whatever a library hung on it', () => {
    const { lines, logger } = capture('info')
    const command = { name: 'hello', args: ['3', 'AUTH', 'default', 'do-not-print'] }
    const inner = Object.assign(new Error('WRONGPASS'), { code: 'EAUTH', command, previousErrors: [{ command }] })
    const error = Object.assign(new Error('outer', { cause: inner }), { errors: [{ path: '/x', message: 'y' }] })
    logger.error({ error: new AggregateError([error, inner], 'both') }, 'failed')
    expect(lines[0]).toMatchObject({
      error: {
        type: 'AggregateError',
        message: 'both',
        aggregateErrors: [{ cause: { code: 'EAUTH' } }, { code: 'EAUTH' }],
      },
    })
    expect(JSON.stringify(lines)).not.toContain('do-not-print')
  })

  it('tells an error with its causes, but not the row a database complains of', () => {
    const { lines, logger } = capture('info')
    const row = Object.assign(new Error('violates check'), {
      code: '23514',
      detail: 'Failing row contains (user-1)',
      where: 'user-1',
    })
    logger.error({ error: new Error('could not write', { cause: row }) }, 'failed')
    expect(lines[0]).toMatchObject({
      error: { message: 'could not write', cause: { message: 'violates check', code: '23514' } },
    })
    expect(JSON.stringify(lines)).not.toContain('user-1')
  })

  it('below the level is not written', () => {
    const { lines, logger } = capture('warn')
    logger.info('quiet')
    expect(lines).toEqual([])
  })
})

describe('userHasher', () => {
  it('depends on the key', () => {
    expect(userHasher(Buffer.alloc(32, 1))('u')).not.toBe(userHasher(Buffer.alloc(32, 2))('u'))
  })
})

describe('a note', () => {
  const noteWith = (level: string) => {
    const { lines, logger } = capture(level)
    const made = { times: 0 }
    const fields = {
      token: 'do-not-print',
      get rows() {
        made.times += 1
        return 3
      },
    }
    const request = { requestId: 'request-1', trace: continueTrace() }
    runInRequest(request, () => logger.note(fields, 'of do-not@print.example'))
    return { lines, made, recording: logger.recorder.find('request-1') }
  }
  const expected = {
    level: 'debug',
    service: 'test',
    request_id: 'request-1',
    rows: 3,
    token: '[redacted]',
    message: 'of [redacted]',
  }

  it('is a line that is made when somebody reads it', () => {
    const { lines, made, recording } = noteWith('info')
    expect([lines, made.times]).toEqual([[], 0])
    expect(recording?.lines.map(line => JSON.parse(line) as unknown)).toMatchObject([expected])
  })

  it('is written where debug lines are', () => {
    const { lines, recording } = noteWith('debug')
    expect(lines).toMatchObject([expected])
    expect(recording?.lines).toHaveLength(1)
  })
})
