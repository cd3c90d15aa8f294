// The base as it is written; what an overlay makes of it is for `npm run test:kubernetes`.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPrograms, thisMachine } from '@cairn/local'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
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

  it.each(['gateway', 'auth', 'progress', 'realtime'])('%s may be scaled, and disrupted one at a time', name => {
    expect(find('HorizontalPodAutoscaler', name)?.spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name },
      minReplicas: 2,
    })
    const selector = { matchLabels: { 'app.kubernetes.io/name': name } }
    expect(find('PodDisruptionBudget', name)?.spec).toMatchObject({ maxUnavailable: 1, selector })
  })

  it('lets nothing talk along other arrows than those of the architecture', () => {
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy').map(({ metadata }) => metadata.name)
    expect(policies.toSorted()).toEqual([
      'auth-to-apple',
      'bus-for-services',
      'edges-to-redis',
      'metrics',
      'names-for-everybody',
      'nats',
      'nothing-by-default',
      'owners-to-postgres',
      'phones-to-edges',
    ])
    expect(find('NetworkPolicy', 'nothing-by-default')?.spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    })
    const who = (name: string): unknown => {
      const { podSelector } = specOf('NetworkPolicy', name) as {
        podSelector: { matchExpressions?: { values: string[] }[] }
      }
      return podSelector.matchExpressions?.[0]?.values
    }
    expect(who('owners-to-postgres')).toEqual(['auth', 'progress', 'migrate'])
    expect(who('edges-to-redis')).toEqual(['gateway', 'realtime'])
    expect(who('phones-to-edges')).toEqual(['gateway', 'realtime'])
    expect(who('bus-for-services')).toEqual(services)
  })

  it('sends sockets to realtime and everything else to the gateway', () => {
    const [rule] = specOf('Ingress', 'cairn')['rules'] as {
      http: { paths: { path: string; backend: { service: { name: string } } }[] }
    }[]
    expect(rule?.http.paths.map(({ path, backend }) => [path, backend.service.name])).toEqual([
      ['/socket.io', 'realtime'],
      ['/ws', 'realtime'],
      ['/', 'gateway'],
    ])
  })
})

it.each(['nats.conf', 'cluster.conf'])('a real nats-server takes %s', async file => {
  const users = ['ADMIN', 'SYS', 'GATEWAY', 'AUTH', 'PROGRESS', 'REALTIME', 'JANITOR', 'OPERATOR', 'ROUTE']
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
