import type { IncidentPart } from '@cairn/contracts'
import { describe, expect, it } from 'vitest'
import { buildReport } from './incident-report.ts'
import { readOrder } from './options.ts'
import { renderHtml } from './render-html.ts'
import { renderText } from './render-text.ts'

const incidentId = 'inc_01M887Z084XX4KBZFGN78TCPXT'
const at = Date.parse('2026-11-25T02:00:00.000Z')
const line = (offsetMs: number, fields: object): string =>
  JSON.stringify({ level: 'info', time: new Date(at + offsetMs).toISOString(), trace_id: 't', ...fields })
const part = (service: string, changes: Partial<IncidentPart>): IncidentPart => ({
  incident_id: incidentId,
  request_id: 'request-1',
  service,
  instance: 'one',
  version: '1',
  kept_at: new Date(at).toISOString(),
  records: [],
  dropped_records: 0,
  spans: [],
  ...changes,
})
const opening = {
  code: 'unavailable',
  route: 'GET /x',
  fingerprint: 'f',
  failures: 3,
  request_ids: [],
  overflow: false,
}
const span = (id: string, parent: string | undefined, startedAt: number, kind = 'server') => ({
  name: id,
  kind,
  span_id: id,
  ...(parent === undefined ? {} : { parent_id: parent }),
  started_at: at + startedAt,
  ms: 10,
})
const failure = (message: string, more: object = {}) => ({
  level: 'error',
  message: 'failed',
  error: { type: 'Error', message, ...more },
})

const gateway = part('gateway', {
  opening,
  user_hash: 'abc',
  records: [line(9, failure('passed on')), line(10, { message: 'answered', status: 503, ms: 10 })],
  spans: [span('edge', undefined, 0), span('asked', 'edge', 1, 'client')],
})
const progress = part('progress', {
  // Its clock is five seconds behind.
  records: [
    line(-4_990, { level: 'debug', message: 'looking' }),
    line(
      -4_989,
      failure('outer', {
        cause: {
          type: 'DatabaseError',
          message: 'deadlock',
          code: '40P01',
          stack: 'x\n    at f (file:///srv/cairn/libs/postgres/src/a.ts:1:2)',
          statement: 'lock-heads',
        },
      }),
    ),
  ],
  spans: [span('served', 'asked', -4_999, 'consumer')],
})
const context = { similar: { count: 0, incidents: [] }, traceUrl: undefined }

describe('a report', () => {
  it('names the innermost error of the service furthest from the edge', () => {
    expect(buildReport(incidentId, [gateway, progress])?.cause).toMatchObject({
      service: 'progress',
      name: 'DatabaseError',
      message: 'deadlock',
      code: '40P01',
      statement: 'lock-heads',
      stack: ['at f (libs/postgres/src/a.ts:1:2)'],
      wrapped_by: ['Error: outer'],
    })
  })

  it('puts everything in one order, whatever the clocks say', () => {
    const report = buildReport(incidentId, [progress, gateway])
    expect(report?.timeline.map(entry => entry.message)).toEqual(['failed', 'looking', 'answered', 'failed'])
    expect(report?.waterfall.map(bar => [bar.name, bar.depth])).toEqual([
      ['edge', 0],
      ['asked', 1],
      ['served', 2],
    ])
    expect(report?.timeline.every(entry => entry.offsetMs >= 0 && entry.offsetMs < 100)).toBe(true)
  })

  it('prefers a crash to whatever else went wrong, and knows a line that came twice', () => {
    const crashed = [line(5, { ...failure('boom'), level: 'fatal' })]
    const crash = part('auth', { incident_id: 'inc_01M887Z084XX4KBZFGN78TCPXZ', records: crashed })
    const report = buildReport(incidentId, [gateway, progress, crash, { ...crash, kept_at: 'later' }])
    expect(report?.cause).toMatchObject({ service: 'auth', message: 'boom' })
    expect(report?.related).toEqual(['inc_01M887Z084XX4KBZFGN78TCPXZ'])
    expect(report?.timeline.filter(entry => entry.service === 'auth')).toHaveLength(1)
  })

  it('has the end of a request that nobody waited for', () => {
    const left = line(8, { message: 'not answered: the connection ended', status: 499, ms: 8 })
    const report = buildReport(incidentId, [part('gateway', { opening, records: [left, line(9, failure('late'))] })])
    expect(report?.request).toMatchObject({ status: 499, ms: 8 })
  })

  it('says what it does not know, and is none without a part', () => {
    const bare = buildReport(incidentId, [part('janitor', { records: ['not JSON', '{}'] })])
    expect(bare?.cause).toBeUndefined()
    expect(bare === undefined ? [] : renderText(bare, context)).toContain(
      'cause    no error was recorded; see the time line',
    )
    expect(buildReport(incidentId, [])).toBeUndefined()
  })

  it('as a page holds nothing that runs, whatever was logged', () => {
    const hostile = part('gateway', {
      opening: { ...opening, route: '<img src=x>' },
      records: [line(0, failure('<script>alert(1)</script>'))],
    })
    const report = buildReport(incidentId, [hostile])
    const page = report === undefined ? '' : renderHtml(report, context)
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toMatch(/<script|<img/)
  })
})

describe('the command line', () => {
  it('is an id, or list, or a user', () => {
    expect(readOrder([incidentId, '--json'])).toEqual({ kind: 'show', incidentId, format: 'json' })
    expect(readOrder(['list', '--limit', '5'])).toMatchObject({ kind: 'list', most: 5 })
    expect(readOrder(['--user', 'u'])).toMatchObject({ kind: 'list', userId: 'u' })
  })

  it.each([[], ['list', 'more'], ['--what'], ['list', '--limit', '0'], ['inc_x'], [incidentId.toLowerCase()]])(
    'refuses %j',
    (...args) => {
      expect(() => readOrder(args)).toThrow()
    },
  )
})
