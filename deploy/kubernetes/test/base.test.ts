// The base as it is written; what an overlay makes of it is for `npm run test:kubernetes`.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPrograms, thisMachine } from '@cairn/local'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { architecture, arrowsOf } from './arrows.ts'
import { checkManifests, parseManifests, type Manifest } from './check-manifests.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const execute = promisify(execFile)
const services = ['gateway', 'auth', 'progress', 'realtime', 'janitor'] as const

const readKustomization = async (directory: string): Promise<Manifest[]> => {
  const { resources } = parse(await readFile(join(root, directory, 'kustomization.yaml'), 'utf8')) as {
    resources: string[]
  }
  const files = resources.filter(one => one.endsWith('.yaml'))
  return (
    await Promise.all(files.map(async file => parseManifests(await readFile(join(root, directory, file), 'utf8'))))
  ).flat()
}

let manifests: Manifest[]
beforeAll(async () => {
  manifests = [...(await readKustomization('deploy/kubernetes/base')), ...(await readKustomization('deploy/nats'))]
})
const find = (kind: string, name: string): Manifest | undefined =>
  manifests.find(one => one.kind === kind && one.metadata.name === name)
const specOf = (kind: string, name: string): Record<string, unknown> => find(kind, name)?.spec ?? {}

describe('the check', () => {
  it('finds a wrong type, an unknown field and an unknown kind', async () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' } }
    expect(await checkManifests([{ ...service, spec: { ports: [{ port: 'http' }] } }])).not.toEqual([])
    expect(await checkManifests([{ ...service, spec: { prots: [] } }])).toEqual([expect.stringContaining('prots')])
    expect(await checkManifests([{ ...service, kind: 'Servise' }])).not.toEqual([])
  }, 60_000)
})

describe('the base', () => {
  it("is what Kubernetes' API takes", async () => {
    expect(manifests.length).toBeGreaterThan(25)
    expect(await checkManifests(manifests)).toEqual([])
  }, 60_000)

  it.each(services)('%s has probes, no rights, a place to spread over, and its own secret alone', name => {
    expect(find('Deployment', name)?.spec).toMatchObject({
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: {
        spec: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          topologySpreadConstraints: [
            { topologyKey: 'kubernetes.io/hostname' },
            { topologyKey: 'topology.kubernetes.io/zone' },
          ],
          containers: [
            {
              envFrom: [{ configMapRef: { name: 'cairn' } }, { secretRef: { name } }],
              livenessProbe: { httpGet: { path: '/healthz' } },
              readinessProbe: { httpGet: { path: '/readyz' } },
              securityContext: {
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
              },
              resources: { requests: { cpu: expect.any(String) }, limits: { memory: expect.any(String) } },
            },
          ],
        },
      },
    })
  })

  it('migrates database and streams with what every service is set to, and secrets of its own', () => {
    expect(find('Job', 'migrate')?.spec).toMatchObject({
      template: {
        spec: {
          containers: [
            {
              args: ['commands/migrate.ts'],
              envFrom: [{ configMapRef: { name: 'cairn' } }, { secretRef: { name: 'migrate' } }],
            },
          ],
        },
      },
    })
  })

  it.each(['gateway', 'auth', 'progress', 'realtime'])('%s may be scaled, and disrupted one at a time', name => {
    expect(find('HorizontalPodAutoscaler', name)?.spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name },
      minReplicas: 2,
    })
    const selector = { matchLabels: { 'app.kubernetes.io/name': name } }
    expect(find('PodDisruptionBudget', name)?.spec).toMatchObject({ maxUnavailable: 1, selector })
  })

  it('leaves how many replicas there are to the autoscaler, where there is one', () => {
    const scaled = manifests
      .filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
      .map(({ spec }) => (spec as { scaleTargetRef: { name: string } }).scaleTargetRef.name)
    expect(scaled).toHaveLength(4)
    for (const name of scaled) expect(specOf('Deployment', name)).not.toHaveProperty('replicas')
  })

  it('lets nothing talk along other arrows than those of the architecture, to databases not before they are named', () => {
    const nobody = '192.0.2.1/32'
    expect(arrowsOf(manifests)).toEqual(architecture(nobody, nobody))
  })

  it('sends sockets to realtime and everything else to the gateway', () => {
    const pathsOf = (name: string): unknown[] => {
      const [rule] = specOf('Ingress', name)['rules'] as {
        http: { paths: { path: string; backend: { service: { name: string } } }[] }
      }[]
      return rule?.http.paths.map(({ path, backend }) => [path, backend.service.name]) ?? []
    }
    expect(manifests.filter(({ kind }) => kind === 'Ingress')).toHaveLength(2)
    expect(pathsOf('cairn')).toEqual([['/', 'gateway']])
    expect(pathsOf('cairn-sockets')).toEqual([
      ['/socket.io', 'realtime'],
      ['/ws', 'realtime'],
    ])
  })

  it('spreads requests over the gateways, keeps a poll on its node, and lets the gateway say what is too large', () => {
    const annotationsOf = (name: string) => find('Ingress', name)?.metadata.annotations ?? {}
    const nginx = 'nginx.ingress.kubernetes.io'
    expect(annotationsOf('cairn')).not.toHaveProperty(`${nginx}/upstream-hash-by`)
    expect(annotationsOf('cairn-sockets')[`${nginx}/upstream-hash-by`]).toContain('$arg_token')
    const mebibytes = Number(annotationsOf('cairn')[`${nginx}/proxy-body-size`]?.replace(/m$/, ''))
    // GATEWAY_MAX_BODY_BYTES is below what a message on the bus may have.
    expect(mebibytes * 2 ** 20).toBeGreaterThan(2 * 2_000_000)
  })
})

it.each(['nats.conf', 'cluster.conf'])('a real nats-server takes %s', async file => {
  const users = [
    'ADMIN',
    'SYS',
    'PROVISIONER',
    'GATEWAY',
    'AUTH',
    'PROGRESS',
    'REALTIME',
    'JANITOR',
    'OPERATOR',
    'ROUTE',
  ]
  const passwords = Object.fromEntries(users.map(user => [`NATS_${user}_PASSWORD`, 'k1e5f']))
  const routes = Object.fromEntries(
    [0, 1, 2].map(one => [`NATS_ROUTE_${one}`, `"nats://route:k1e5f@nats-${one}.nats:6222"`]),
  )
  const search = { machine: thisMachine(), say: () => undefined, signal: undefined }
  const program = (await findPrograms(['nats-server'], search)).get('nats-server')
  if (program?.kind !== 'native') throw new Error('no nats-server of this machine or of apt')
  const env = { ...program.env, ...passwords, ...routes, POD_NAME: 'nats-0' }
  const args = ['-t', '-c', join(root, 'deploy/nats', file)]
  const { stderr } = await execute(program.file, args, { env })
  expect(stderr).toMatch(/is valid/)
})
