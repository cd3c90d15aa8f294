// What Prometheus sees: every metric of the catalogue is exported by some service, and dashboards and rules name no other.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { counters, durations, gauges } from '@cairn/runtime'
import { call, createTestDatabase, databaseUrlOf, eventually, type TestDatabase } from '@cairn/testkit'
import { startFleet, type Fleet, type FleetMember } from '@cairn/testkit/fleet'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { parse } from 'yaml'
import { namesInPromql } from './promql-names.ts'

const root = join(import.meta.dirname, '..')
let database: TestDatabase
let fleet: Fleet
beforeAll(async () => {
  const { databaseUrl, template, directory, environment: given } = inject('backends')
  database = await createTestDatabase(databaseUrl, template)
  fleet = await startFleet({
    directory: join(directory, database.name),
    databaseUrl: databaseUrlOf(databaseUrl, database.name),
    given,
    environment: { JANITOR_AUTH_TABLES_EVERY_MS: '1000', JANITOR_EXPIRED_NONCES_EVERY_MS: '1000' },
  })
}, 60_000)
afterAll(async () => {
  await fleet.stop()
  await database.drop()
})

const metricsOf = async ({ opsUrl }: FleetMember): Promise<string> => {
  const response = await fetch(`${opsUrl}/metrics`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  return response.text()
}

/** Lines of samples, not of comments. */
const samplesIn = (text: string): string[] => text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
const namesIn = (text: string): string[] => samplesIn(text).map(line => line.split(/[ {]/, 1)[0] ?? '')

const allMetrics = async (): Promise<string> => (await Promise.all(fleet.members.map(metricsOf))).join('\n')

/** One failure and some successes, so that everything has been counted once. */
const expectEverything = async (): Promise<string> => {
  await call(fleet.gatewayUrl, '/api/v1/auth/guest', { method: 'POST' })
  const [auth] = fleet.of('auth')
  auth?.freeze()
  expect((await call(fleet.gatewayUrl, '/api/v1/auth/guest', { method: 'POST' })).status).toBe(503)
  auth?.thaw()
  return eventually(async () => {
    const text = await allMetrics()
    expect(text).toMatch(/cairn_job_duration_count\{[^}]*job_name="expired-nonces"[^}]*outcome="ok"/)
    expect(text).toContain('cairn_table_rows{')
    return text
  }, 20_000)
}

it('has what the catalogue promises, and the figures of a request by route, subject and job', async () => {
  const text = await expectEverything()
  const names = namesIn(text)
  for (const name of Object.keys({ ...durations, ...counters, ...gauges })) {
    const exported = name.replaceAll('.', '_')
    expect(names.filter(one => one.startsWith(exported))).not.toHaveLength(0)
  }
  const route = /http_server_request_duration_count\{[^}]*http_route="\/api\/v1\/auth\/guest"[^}]*status_code="200"/
  expect(text).toMatch(route)
  expect(text).toMatch(/messaging_process_duration_count\{[^}]*subject="request\.auth\.session\.sign-in-as-guest\.v1"/)
  expect(text).toMatch(/cairn_incidents_total\{[^}]*code="unavailable"[^}]*\} [1-9]/)
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
}, 60_000)

/** Every value under that name, however deep. */
const valuesOf = (value: unknown, name: string): unknown[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => (key === name ? [inner] : valuesOf(inner, name)))
    : []

/** Prometheus adds them to whatever it takes in. */
const ofPrometheus = ['job', 'instance']

/** Metrics of the text, with all labels that any of their samples has. */
const exportedIn = (text: string): Map<string, Set<string>> => {
  const exported = new Map<string, Set<string>>()
  for (const line of samplesIn(text)) {
    const [, name = '', labels = ''] = /^([\w:]+)(?:\{(.*)\})? /.exec(line) ?? []
    const known = exported.get(name) ?? new Set(ofPrometheus)
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    exported.set(name, known)
  }
  return exported
}

const missingFrom = (exported: ReadonlyMap<string, ReadonlySet<string>>, expression: string): string[] =>
  namesInPromql(expression).flatMap(({ name, labels }) => {
    const known = exported.get(name)
    return known === undefined ? [name] : labels.filter(label => !known.has(label)).map(label => `${name}{${label}}`)
  })

it('a misspelt metric or label is found, whatever it begins with', () => {
  const exported = exportedIn('cairn_x{a="1",le="+Inf"} 1\ncairn_y 2')
  const fine =
    'histogram_quantile(0.9, sum by (le, job) (rate(cairn_x{a!~"b.*"}[5m] offset 1d))) > 1.5 and sum(cairn_y) == 0'
  expect(missingFrom(exported, fine)).toEqual([])
  expect(missingFrom(exported, 'max(carin_x) > 60\n  or v8js_y')).toEqual(['carin_x', 'v8js_y'])
  expect(missingFrom(exported, 'sum(cairn_y) by (d) / cairn_x')).toEqual(['cairn_y{d}'])
  expect(missingFrom(exported, 'sum by (b) (cairn_x{c="d"})')).toEqual(['cairn_x{b}', 'cairn_x{c}'])
})

it.each(['prometheus-rules.yaml', 'grafana-dashboard.json'])(
  '%s names nothing that is not exported',
  async file => {
    // JSON is YAML too.
    const document: unknown = parse(readFileSync(join(root, 'deploy', 'observability', file), 'utf8'))
    const expressions = valuesOf(document, 'expr') as string[]
    expect(expressions.length).toBeGreaterThan(5)
    const exported = exportedIn(await allMetrics())
    expect(expressions.flatMap(expression => missingFrom(exported, expression))).toEqual([])
  },
  30_000,
)
