// compose.yaml as a text: every variable in it is documented and the reverse, nothing secret has a default, nothing is open that need
// not be. Whether it works is for `npm run test:compose`.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'

interface Service {
  readonly image: string
  readonly labels?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  readonly env_file?: readonly (string | { path: string; required: boolean })[]
  readonly ports?: readonly string[]
  readonly networks: readonly string[]
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly privileged?: boolean
  readonly develop?: { readonly watch: readonly { action: string; path: string }[] }
}

const root = join(import.meta.dirname, '..', '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const composed = read('compose.yaml')
const text = composed + read('deploy/compose/defaults.env')
const { services } = parse(composed, { merge: true }) as { services: Readonly<Record<string, Service>> }
const script = join(root, 'deploy/compose/make-env.sh')
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

  it('that is documented can be set, or is what the images need', () => {
    const set = ours
      .concat('migrate', 'apple-issuer', 'tools')
      .flatMap(name => Object.keys(services[name]?.environment ?? {}))
    const reachable = new Set([...set, ...interpolated.map(({ name }) => name), ...settable])
    expect([...documented.keys()].filter(name => !reachable.has(name))).toEqual([])
  })

  it('that is offered in cairn.env is nowhere set in a way that would win over it', () => {
    const set = Object.values(services).flatMap(({ environment = {} }) => Object.keys(environment))
    expect(set.filter(name => settable.has(name))).toEqual([])
    const files = ['deploy/compose/defaults.env', { path: 'cairn.env', required: false }]
    for (const name of [...ours, 'migrate', 'tools']) expect(services[name]?.env_file).toEqual(files)
  })
})

const hasCompose = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0

describe.runIf(hasCompose)('as docker compose reads it, a setting', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cairn-compose-config-'))
    await cp(join(root, 'compose.yaml'), join(directory, 'compose.yaml'))
    await cp(join(root, 'deploy/compose'), join(directory, 'deploy/compose'), { recursive: true })
  })
  afterAll(() => rm(directory, { recursive: true }))

  /** What each service would be given. */
  const environments = async (
    ofShell: readonly string[],
    ofCairn: readonly string[],
  ): Promise<readonly Readonly<Record<string, string | null>>[]> => {
    const file = join(directory, '.env')
    await rm(file, { force: true })
    execFileSync('sh', [script, '--dev'], { cwd: directory })
    await appendFile(file, `${ofShell.join('\n')}\n`)
    await writeFile(join(directory, 'cairn.env'), `${ofCairn.join('\n')}\n`)
    const args = ['compose', '--project-directory', directory, '--profile', 'tools', 'config', '--format', 'json']
    const env = { PATH: process.env['PATH'] ?? '', HOME: directory }
    const config = execFileSync('docker', args, { cwd: directory, env, encoding: 'utf8' })
    const resolved = JSON.parse(config) as { services: Record<string, { environment: Record<string, string | null> }> }
    return [...ours, 'migrate', 'tools'].map(name => resolved.services[name]?.environment ?? {})
  }

  it('of cairn.env reaches every service, whichever the example offers, also when .env has it too', async () => {
    const offered = [...settable].map(name => [name, `this ${name}`])
    const ofCairn = offered.map(([name, value]) => `${name}=${value}`)
    const ofShell = ['LOG_LEVEL=warn', 'TRUSTED_PROXIES=10.0.0.0/8', 'ALLOWED_ORIGINS=https://app.example']
    expect(settable.size).toBeGreaterThan(150)
    for (const environment of await environments(ofShell, ofCairn))
      expect(environment).toMatchObject(Object.fromEntries(offered))
  })

  it('of .env does where cairn.env says nothing', async () => {
    const ofShell = ['LOG_LEVEL=warn', 'TRUSTED_PROXIES=10.0.0.0/8', 'ALLOWED_ORIGINS=https://app.example']
    const [gateway] = await environments(ofShell, [])
    expect(gateway).toMatchObject({
      NODE_ENV: 'development',
      LOG_LEVEL: 'warn',
      TRUSTED_PROXIES: '10.0.0.0/8',
      GATEWAY_ALLOWED_ORIGINS: 'https://app.example',
    })
  })

  it('that containers need as it is cannot be changed', async () => {
    const wrong = ['GATEWAY_PORT=1', 'GATEWAY_OPS_PORT=2', 'INCIDENT_SPOOL_DIRECTORY=/var/tmp']
    const [gateway] = await environments([], wrong)
    expect(gateway).toMatchObject({
      GATEWAY_PORT: '8080',
      GATEWAY_OPS_PORT: '9100',
      INCIDENT_SPOOL_DIRECTORY: '/spool',
    })
  })
})

describe('a secret', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cairn-make-env-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  it('that is there is never replaced by the script, and whoever lacks one is told the line to add', async () => {
    await writeFile(join(directory, '.env'), 'AUTH_MASTER_KEY=old')
    const { status, stderr } = spawnSync('sh', [script], { cwd: directory, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('.env is there already') })
    expect(readFileSync(join(directory, '.env'), 'utf8')).toBe('AUTH_MASTER_KEY=old')
    for (const { name, value } of interpolated.filter(one => one.kind === '?' && secret.test(one.name)))
      expect(value).toMatch(new RegExp(`^add ${name}=.* to \\.env`))
  })

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
    const values = ['one.env', 'two.env'].flatMap(name => {
      execFileSync('sh', [script, join(directory, name)])
      const lines = readFileSync(join(directory, name), 'utf8').split('\n')
      return lines.filter(line => /_PASSWORD=|MASTER_KEY=|HASH_KEY=/.test(line))
    })
    expect(new Set(values.map(line => line.split('=')[1])).size).toBe(values.length)
    for (const line of values) expect(line).toMatch(/^[A-Z_]+=(k[0-9a-f]{48}|[0-9a-f]{64})$/)
    const needed = interpolated.filter(({ name, kind }) => kind === '?' && secret.test(name)).map(({ name }) => name)
    expect(new Set(values.map(line => line.split('=')[0]))).toEqual(new Set(needed))
  })
})

it('NATS is started anew by a version that changes its configuration or its permissions', () => {
  const files = ['deploy/nats/nats.conf', 'deploy/nats/accounts.conf']
  const digest = createHash('sha256').update(files.map(read).join('')).digest('hex')
  expect(services['nats']?.labels).toEqual({ 'cairn.nats-configuration': digest })
})

it('the streams are made before any service starts', () => {
  expect(services['migrate']?.depends_on).toHaveProperty('nats')
  for (const name of ['auth', 'progress']) {
    expect(services[name]?.depends_on).toMatchObject({ migrate: { condition: 'service_completed_successfully' } })
  }
})

describe('a change while docker compose watches', () => {
  const watched = (name: string): readonly string[] => services[name]?.develop?.watch.map(({ path }) => path) ?? []

  it.each(ours)('of %s or of what all share builds it again', name => {
    expect(watched(name)).toEqual(['./libs', `./services/${name}`])
  })

  it('of a migration runs it', () => {
    const owners = ours.filter(name => existsSync(join(root, 'services', name, 'src/migrations')))
    expect(owners).toEqual(['auth', 'progress'])
    expect(watched('migrate')).toEqual(['./libs', ...owners.map(name => `./services/${name}/src/migrations`)])
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
    const withStreams = Object.keys(services).filter(name => passwordsOf(name).includes('NATS_PROVISIONER_PASSWORD'))
    expect(withStreams).toEqual(['nats', 'migrate', 'tools'])
  })
})
