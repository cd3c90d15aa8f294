// compose.yaml as a text: every variable in it is documented and the reverse, nothing secret has a default, nothing is open that need
// not be. Whether it works is for `npm run test:compose`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

interface Service {
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly env_file?: readonly { path: string; required: boolean }[]
  readonly ports?: readonly string[]
  readonly networks: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly privileged?: boolean
}

const root = join(import.meta.dirname, '..', '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const text = read('compose.yaml')
const { services } = parse(text, { merge: true }) as { services: Readonly<Record<string, Service>> }
const ours = ['gateway', 'auth', 'progress', 'realtime', 'janitor']
const secret = /PASSWORD|_KEY$|_URL$/
/** Of back ends and of the health check, not of Cairn. */
const foreign = new Set(['POSTGRES_USER', 'POSTGRES_DB', 'REDISCLI_AUTH', 'HEALTH_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'])

const documented = new Map(
  [...read('docs/environment.md').matchAll(/^\| `([A-Z][A-Z0-9_]*)` +\| ([^|]+?) *\|.*$/gm)].map(
    ([row, name = '', fallback = '']) => [name, { fallback, secret: row.includes('a secret') }],
  ),
)
const interpolated = [...text.matchAll(/\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}/g)].map(([, name = '', kind, value]) => ({
  name,
  kind,
  value,
}))
const settable = new Set(read('deploy/compose/cairn.env.example').match(/(?<=^# )[A-Z0-9_]+(?==)/gm))

describe('every variable', () => {
  it('in the file is documented', () => {
    const set = Object.values(services).flatMap(({ environment = {} }) => Object.keys(environment))
    const named = new Set([...set, ...interpolated.map(({ name }) => name)])
    expect([...named].filter(name => !documented.has(name) && !foreign.has(name))).toEqual([])
  })

  it('that is documented can be set', () => {
    for (const name of ours) expect(services[name]?.env_file).toEqual([{ path: 'cairn.env', required: false }])
    const set = ours
      .concat('migrate', 'apple-issuer', 'tools')
      .flatMap(name => Object.keys(services[name]?.environment ?? {}))
    const reachable = new Set([...set, ...interpolated.map(({ name }) => name), ...settable])
    const ofMigrations = [...documented.keys()].filter(name => name.startsWith('MIGRATE_'))
    expect([...documented.keys()].filter(name => !reachable.has(name))).toEqual(ofMigrations)
  })
})

describe('a secret', () => {
  it('has no default', () => {
    const withDefault = interpolated.filter(
      ({ name, kind, value }) => secret.test(name) && kind === '-' && value !== '',
    )
    expect(withDefault).toEqual([])
  })

  it('is never written into the file', () => {
    const set = Object.values(services).flatMap(({ environment = {} }) => Object.entries(environment))
    const written = set.filter(([name, value]) => secret.test(name) && !foreign.has(name) && !value.includes('${'))
    expect(written).toEqual([])
  })

  it('comes fresh from the script, long, and another one for each purpose', () => {
    const script = join(root, 'deploy/compose/make-env.sh')
    const values = [1, 2].flatMap(() =>
      execFileSync('sh', [script], { encoding: 'utf8' })
        .split('\n')
        .filter(line => /_PASSWORD=|MASTER_KEY=|HASH_KEY=/.test(line)),
    )
    expect(new Set(values.map(line => line.split('=')[1])).size).toBe(values.length)
    for (const line of values) expect(line).toMatch(/^[A-Z_]+=(k[0-9a-f]{48}|[0-9a-f]{64})$/)
    const needed = interpolated.filter(({ name, kind }) => kind === '?' && secret.test(name)).map(({ name }) => name)
    expect(new Set(values.map(line => line.split('=')[0]))).toEqual(new Set(needed))
  })
})

describe('a service', () => {
  it.each(ours)('%s runs without rights, on a file system that is read-only', name => {
    expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
    expect(services[name]?.privileged).toBeUndefined()
  })

  it('is published when phones need it, on the loopback unless told otherwise', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map(port => [name, port.split(':')[0]]),
    )
    expect(published).toEqual([
      ['gateway', '${CAIRN_BIND'],
      ['realtime', '${CAIRN_BIND'],
      ['apple-issuer', '127.0.0.1'],
      ['lgtm', '127.0.0.1'],
    ])
  })

  it('that holds data is on the inner network alone', () => {
    for (const name of ['postgres', 'nats', 'redis', 'progress', 'janitor', 'migrate']) {
      expect(services[name]?.networks).toEqual(['inside'])
    }
  })

  it('knows its own secrets and no others', () => {
    const passwordsOf = (name: string): string[] =>
      Object.values(services[name]?.environment ?? {}).flatMap(value => value.match(/[A-Z_]+_PASSWORD/g) ?? [])
    expect(passwordsOf('gateway')).toEqual(['NATS_GATEWAY_PASSWORD', 'REDIS_PASSWORD'])
    expect(passwordsOf('realtime')).toEqual(['NATS_REALTIME_PASSWORD', 'REDIS_PASSWORD'])
    expect(passwordsOf('auth')).toEqual(['NATS_AUTH_PASSWORD', 'AUTH_DATABASE_PASSWORD'])
    expect(passwordsOf('progress')).toEqual(['NATS_PROGRESS_PASSWORD', 'PROGRESS_DATABASE_PASSWORD'])
    expect(passwordsOf('janitor')).toEqual(['NATS_JANITOR_PASSWORD'])
  })
})
