// What Prometheus sees: every metric of the catalogue is exported by some service, and dashboards and rules name no other.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { counters, durations, gauges } from '@cairn/runtime'
import { call, createTestDatabase, databaseUrlOf, eventually, type TestDatabase } from '@cairn/testkit'
import { startFleet, type Fleet, type FleetMember } from '@cairn/testkit/fleet'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'

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
    expect(text).toContain('cairn_job_duration_count')
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
  expect(text).toMatch(/cairn_job_duration_count\{[^}]*job_name="expired-nonces"[^}]*outcome="ok"/)
  expect(text).toMatch(/cairn_incidents_total\{[^}]*code="unavailable"[^}]*\} [1-9]/)
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
}, 60_000)

const metricPattern = /\b(?:http|messaging|cairn|db|nodejs|process)_[a-z0-9_]+\b/g
const labels = new Set(['http_request_method', 'http_response_status_code', 'http_route'])

it.each(['prometheus-rules.yaml', 'grafana-dashboard.json'])(
  '%s names nothing that is not exported',
  async file => {
    const text = readFileSync(join(root, 'deploy', 'observability', file), 'utf8')
    const expressions = text.match(/"?expr"?: .*/g) ?? []
    const named = new Set(
      expressions
        .join('\n')
        .match(metricPattern)
        ?.filter(name => !labels.has(name)),
    )
    expect(named.size).toBeGreaterThan(5)
    const exported = new Set(namesIn(await allMetrics()))
    expect([...named].filter(name => !exported.has(name))).toEqual([])
  },
  30_000,
)
