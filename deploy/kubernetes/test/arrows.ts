// Who may talk to whom by the network policies, a line for each rule, so that a test sees an arrow that is too many or too wide.
import type { Manifest } from './check-manifests.ts'

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly operator: string; readonly values?: readonly string[] }[]
}
interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
  readonly namespaceSelector?: Selector
  readonly podSelector?: Selector
}
interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[]
}
interface Policy {
  readonly podSelector: Selector
  readonly policyTypes: readonly string[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

const selected = ({ matchLabels = {}, matchExpressions = [] }: Selector): string => {
  const values = matchExpressions.flatMap(({ operator, values: listed = [] }) =>
    operator === 'In' ? listed : [`${operator} ${listed.join(' ')}`],
  )
  return [...Object.values(matchLabels), ...values].join(' ') || '*'
}

const peerText = ({ ipBlock, namespaceSelector, podSelector }: Peer): string => {
  if (ipBlock !== undefined) return [ipBlock.cidr, ...(ipBlock.except ?? []).map(one => `-${one}`)].join(' ')
  const pods = selected(podSelector ?? {})
  return namespaceSelector === undefined ? pods : `${selected(namespaceSelector)}/${pods}`
}

/** A rule without peers is for everybody, one without ports for every port. */
const arrow = (way: 'to' | 'from', own: string, { ports, ...rule }: Rule): string => {
  const peers = rule[way]?.map(peerText).join(', ') ?? 'anywhere'
  const through = ports?.map(({ port, protocol }) => `${port}/${protocol}`).join(' ') ?? 'any port'
  return `${own} ${way} ${peers}: ${through}`
}

/** Lines of each policy by its name; a policy without lines closes its directions. */
export const arrowsOf = (manifests: readonly Manifest[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    manifests
      .filter(({ kind }) => kind === 'NetworkPolicy')
      .map(({ metadata, spec }) => {
        const { podSelector, policyTypes, ingress = [], egress = [] } = spec as unknown as Policy
        const own = selected(podSelector)
        const closed = `${own}: ${policyTypes.join(' ')}`
        return [
          metadata.name,
          [closed, ...ingress.map(rule => arrow('from', own, rule)), ...egress.map(rule => arrow('to', own, rule))],
        ]
      }),
  )

const everyService = 'gateway auth progress realtime janitor'
const notPrivate = '0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -172.16.0.0/12 -192.168.0.0/16 -169.254.0.0/16'

/** The arrows of ARCHITECTURE.md, and where PostgreSQL and Redis are. */
export const architecture = (postgres: string, redis: string): ReturnType<typeof arrowsOf> => ({
  'nothing-by-default': ['*: Ingress Egress'],
  'names-for-everybody': ['*: Egress', '* to */kube-dns: 53/UDP 53/TCP'],
  'phones-to-edges': ['gateway realtime: Ingress', 'gateway realtime from ingress-nginx/*: 8080/TCP 8081/TCP'],
  metrics: [`${everyService}: Ingress`, `${everyService} from monitoring/*: 9100/TCP`],
  'bus-for-services': [`${everyService} migrate: Egress`, `${everyService} migrate to nats: 4222/TCP`],
  nats: [
    'nats: Ingress Egress',
    `nats from ${everyService} migrate: 4222/TCP`,
    'nats from nats: 6222/TCP',
    'nats to nats: 6222/TCP',
  ],
  'owners-to-postgres': ['auth progress migrate: Egress', `auth progress migrate to ${postgres}: 5432/TCP`],
  'edges-to-redis': ['gateway realtime: Egress', `gateway realtime to ${redis}: 6379/TCP`],
  // The example has no collector.
  'services-to-collector': [`${everyService}: Egress`, `${everyService} to 192.0.2.1/32: 4318/TCP`],
  'auth-to-apple': ['auth: Egress', `auth to ${notPrivate}: 443/TCP`],
})
