// One replica of a service as a process of its own, which keeps its ports, so that it can be killed, frozen and started again.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { deriveNatsUrl, freePort, type Ledger, ManagedProcess } from '@cairn/local'
import type { Environment } from '@cairn/runtime'
import { startLink, type Link } from './link.ts'

export type ServiceName = 'auth' | 'progress' | 'gateway' | 'realtime' | 'janitor'
export type ServerName = 'nats' | 'redis' | 'postgres'

export interface MemberOrder {
  readonly service: ServiceName
  /** Tells replicas apart: `realtime-2`. */
  readonly name: string
  /** Of the clone. */
  readonly root: string
  readonly directory: string
  readonly ledger: Ledger
  readonly environment: Environment
  /** Ports that others were promised; the member's are added. */
  readonly taken: Set<number>
  /** Its ways to NATS, Redis and Postgres are links that a test can hurt. */
  readonly linked: boolean
}

const readyWithinMs = 30_000
const probeTimeoutMs = 1_000
const withPort: readonly ServiceName[] = ['gateway', 'realtime']

const answersOk = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs) }).then(
    response => response.ok,
    () => false,
  )

const takePort = async (taken: Set<number>): Promise<number> => {
  const port = await freePort(taken)
  taken.add(port)
  return port
}

type Links = ReadonlyMap<ServerName, Link>

/** The environment with a link in each URL of a server. */
const linkServers = async (prefix: string, environment: Environment): Promise<[Environment, Links]> => {
  const links = new Map<ServerName, Link>()
  const linked: Record<string, string | undefined> = { ...environment }
  const variables = { nats: 'NATS_URL', redis: 'REDIS_URL', postgres: `${prefix}_DATABASE_URL` }
  for (const [server, variable] of Object.entries(variables) as [ServerName, string][]) {
    const url = environment[variable]
    if (url === undefined) continue
    const link = await startLink(url)
    links.set(server, link)
    linked[variable] = link.url
  }
  return [linked, links]
}

interface Ways {
  readonly port: number
  readonly opsUrl: string
  readonly links: Links
}

export class FleetMember {
  readonly service: ServiceName
  readonly name: string
  /** Where phones reach it; of gateway and realtime alone. */
  readonly port: number
  readonly opsUrl: string
  /** To the servers it uses; none unless ordered. */
  readonly links: Links
  readonly #process: ManagedProcess

  private constructor(order: MemberOrder, ways: Ways, process: ManagedProcess) {
    this.service = order.service
    this.name = order.name
    this.port = ways.port
    this.opsUrl = ways.opsUrl
    this.links = ways.links
    this.#process = process
  }

  /** Launched, not yet ready. */
  static async launch(order: MemberOrder): Promise<FleetMember> {
    const { service, name, root, directory, ledger, environment, taken } = order
    const prefix = service.toUpperCase()
    const port = withPort.includes(service) ? await takePort(taken) : 0
    const opsPort = await takePort(taken)
    const ownPorts = { [`${prefix}_PORT`]: String(port), [`${prefix}_OPS_PORT`]: String(opsPort) }
    const inherited = { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: join(directory, 'compile-cache') }
    const NATS_URL = deriveNatsUrl(environment['NATS_URL'] ?? '', service)
    const own = { ...environment, NATS_URL, ...ownPorts }
    const [reached, links] = order.linked ? await linkServers(prefix, own) : [own, new Map<ServerName, Link>()]
    const env = { ...inherited, ...reached } as Record<string, string>
    const logs = join(directory, 'logs')
    mkdirSync(logs, { recursive: true })
    const opsUrl = `http://127.0.0.1:${opsPort}`
    const launched = await ManagedProcess.launch({
      name,
      ledger,
      isReady: () => answersOk(`${opsUrl}/readyz`),
      spec: first => ({
        name,
        group: 'service',
        command: process.execPath,
        args: [join(root, `services/${service}/src/main.ts`)],
        env,
        directory: root,
        stop: [{ signal: 'SIGTERM', waitMs: 10_000 }],
        output: { file: join(logs, `${name}.log`), append: !first },
      }),
    })
    return new FleetMember(order, { port, opsUrl, links }, launched)
  }

  /** Of the latest start. */
  get pid(): number {
    return this.#process.pid
  }

  /** Resolves when it says that it is ready; rejects when it does not in time, or has ended. */
  ready(withinMs = readyWithinMs): Promise<void> {
    return this.#process.ready({ withinMs })
  }

  isReady(): Promise<boolean> {
    return answersOk(`${this.opsUrl}/readyz`)
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL')
    await this.#process.exited
  }

  /** Stops it in order, if it runs, and starts it again on the same ports; resolves when it is launched, not when it is ready. */
  relaunch(): Promise<void> {
    return this.#process.restart()
  }

  /** The same; resolves when it is ready. */
  async restart(): Promise<void> {
    await this.relaunch()
    await this.ready()
  }

  freeze(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    await Promise.all([...this.links.values()].map(link => link.stop()))
  }
}
