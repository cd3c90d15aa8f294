// An overlay as kustomize renders it: what would be applied is what Kubernetes' API takes, and everything that it refers to is there.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { architecture, arrowsOf } from './arrows.ts'
import { checkManifests, parseManifests, type Manifest } from './check-manifests.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const execute = promisify(execFile)
const services = ['gateway', 'auth', 'progress', 'realtime', 'janitor']
let copy: string
let manifests: Manifest[]

beforeAll(async () => {
  copy = await mkdtemp(join(root, '.local', 'kubernetes-'))
  for (const directory of ['kubernetes', 'nats'])
    await cp(join(root, 'deploy', directory), join(copy, directory), { recursive: true })
  const overlay = join(copy, 'kubernetes', 'overlays', 'example')
  await rm(join(overlay, 'secrets'), { recursive: true, force: true })
  const env = {
    PATH: process.env['PATH'] ?? '',
    POSTGRES_HOST: 'db.internal:5432/cairn',
    POSTGRES_OWNER: 'owner:password',
    REDIS_URL: 'rediss://:password@redis.internal:6379',
    APPLE_CLIENT_IDS: 'com.example.app',
    APPLE_TEAM_ID: 'ABCDE12345',
  }
  await execute('sh', [join(overlay, 'make-secrets.sh')], { env })
  const [program = '', ...args] = (process.env['KUSTOMIZE'] ?? '').split(' ')
  const { stdout } = await execute(program, [...args, overlay], { maxBuffer: 10_000_000 })
  manifests = parseManifests(stdout)
}, 60_000)
afterAll(() => rm(copy, { recursive: true }))

it("is what Kubernetes' API takes", async () => {
  expect(manifests.length).toBeGreaterThan(35)
  expect(await checkManifests(manifests)).toEqual([])
}, 60_000)

it('is in one namespace, each thing once', () => {
  const named = manifests.filter(({ kind }) => kind !== 'Namespace')
  expect(new Set(named.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['cairn']))
  expect(new Set(named.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).size).toBe(named.length)
})

it('refers to nothing that is not there', () => {
  const text = JSON.stringify(manifests.filter(({ kind }) => kind !== 'ConfigMap' && kind !== 'Secret'))
  const refers = [...text.matchAll(/"(secretRef|configMapRef|configMap)":\{"name":"([^"]+)"/g)].map(match => match[2])
  const there = manifests
    .filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap')
    .map(({ metadata }) => metadata.name)
  expect(new Set(refers)).toEqual(new Set(there))
})

it('lets owners and edges out to the databases it names, and nothing anywhere else', () => {
  expect(arrowsOf(manifests)).toEqual(architecture('10.0.20.10/32', '10.0.20.11/32'))
})

it('gives both doors its host and its certificate', () => {
  const doors = manifests.filter(({ kind }) => kind === 'Ingress').map(({ spec }) => spec)
  const tls = [{ hosts: ['api.example.com'], secretName: 'api-tls' }]
  const ours = { ingressClassName: 'nginx', rules: [{ host: 'api.example.com' }], tls }
  expect(doors).toMatchObject([ours, ours])
})

it('names each image by registry and version', () => {
  const images = [...JSON.stringify(manifests).matchAll(/"image":"([^"]+)"/g)].map(match => match[1] ?? '')
  expect(images).toHaveLength(services.length + 2)
  for (const image of images)
    expect(image).toMatch(/^(registry\.example\/cairn\/[a-z]+:\d+\.\d+\.\d+|nats:2\.12-alpine)$/)
})

it('gives each service its own password on the bus, and NATS all of them', () => {
  const valuesOf = (prefix: string): Readonly<Record<string, string>> => {
    const secret = manifests.find(
      one => one.kind === 'Secret' && one.metadata.name.startsWith(`${prefix}-`),
    ) as unknown as {
      data: Readonly<Record<string, string>>
    }
    return Object.fromEntries(
      Object.entries(secret.data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
    )
  }
  const nats = valuesOf('nats')
  const passwords = services.map(service => {
    const { username, password, host } = new URL(valuesOf(service)['NATS_URL'] ?? '')
    expect([username, host]).toEqual([service, 'nats:4222'])
    expect(nats[`NATS_${service.toUpperCase()}_PASSWORD`]).toBe(password)
    return password
  })
  expect(new Set(passwords).size).toBe(services.length)
  const { username, password, host } = new URL(valuesOf('migrate')['MIGRATE_NATS_URL'] ?? '')
  expect([username, password, host]).toEqual(['provisioner', nats['NATS_PROVISIONER_PASSWORD'], 'nats:4222'])
  for (const service of services) expect(JSON.stringify(valuesOf(service))).not.toContain(password)
  expect(valuesOf('janitor')).not.toHaveProperty('AUTH_MASTER_KEY')
  expect(valuesOf('gateway')).not.toHaveProperty('PROGRESS_DATABASE_URL')
})
