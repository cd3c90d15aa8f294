// What can happen to a part of the stack: it is killed, stopped, restarted in order, or its packets are dropped. Of a service it
// happens to one replica, of a server to the only one there is.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend, ManagedProcess } from '@cairn/local'
import type { Fleet, FleetMember, ServerName, ServiceName } from '@cairn/testkit/fleet'
import type { Chance } from './seeded.ts'

export const kinds = ['kill -9', 'SIGSTOP', 'restart', 'partition'] as const
export type Kind = (typeof kinds)[number]

export const services = ['auth', 'progress', 'gateway', 'realtime', 'janitor'] as const satisfies ServiceName[]
export const servers = ['nats', 'redis', 'postgres'] as const satisfies ServerName[]
export type Target = (typeof services)[number] | (typeof servers)[number]

export interface Fault {
  readonly name: string
  /** Resolves when nothing holds back what was hurt, `downMs` later: a service runs again, though it may not be ready. */
  strike(downMs: number): Promise<void>
}

const readyWithinMs = 30_000

/** The process and all that descend from it: PostgreSQL's are one by one for each connection. */
const treeOf = (pid: number): readonly number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return [pid, ...children.flatMap(treeOf)]
}

const signalAll = (pids: readonly number[], signal: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      // It may have ended by itself since the list was made.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

const frozen = async (pids: readonly number[], downMs: number): Promise<void> => {
  signalAll(pids, 'SIGSTOP')
  await sleep(downMs)
  signalAll(pids, 'SIGCONT')
}

const startAgain = async (server: ManagedProcess): Promise<void> => {
  await server.restart()
  await server.ready({ withinMs: readyWithinMs })
}

interface Links {
  drop(): void
  restore(): void
}

const partitioned = async (links: readonly Links[], downMs: number): Promise<void> => {
  for (const link of links) link.drop()
  await sleep(downMs)
  for (const link of links) link.restore()
}

const strikeMember = async (member: FleetMember, kind: Kind, downMs: number): Promise<void> => {
  if (kind === 'partition') return partitioned([...member.links.values()], downMs)
  if (kind === 'SIGSTOP') return frozen([member.pid], downMs)
  if (kind === 'kill -9') {
    await member.kill()
    await sleep(downMs)
  }
  return member.relaunch()
}

interface Server {
  readonly process: ManagedProcess
  readonly links: readonly Links[]
}

const strikeServer = async ({ process, links }: Server, kind: Kind, downMs: number): Promise<void> => {
  if (kind === 'partition') return partitioned(links, downMs)
  if (kind === 'SIGSTOP') return frozen(treeOf(process.pid), downMs)
  if (kind === 'kill -9') {
    signalAll(treeOf(process.pid), 'SIGKILL')
    await process.exited
    await sleep(downMs)
  }
  return startAgain(process)
}

export interface Stage {
  readonly fleet: Fleet
  readonly postgres: Backend
}

const serverOf = ({ fleet, postgres }: Stage, name: ServerName): Server => {
  const { server } = { nats: fleet.nats, redis: fleet.redis, postgres }[name]
  if (server === undefined) throw new Error(`${name} is not ours to hurt`)
  return { process: server, links: fleet.members.flatMap(({ links }) => links.get(name) ?? []) }
}

export const faultOf = (stage: Stage, [target, kind]: readonly [Target, Kind], chance: Chance): Fault => {
  if (target === 'nats' || target === 'redis' || target === 'postgres') {
    const server = serverOf(stage, target)
    return { name: `${kind} of ${target}`, strike: downMs => strikeServer(server, kind, downMs) }
  }
  const member = chance.oneOf(stage.fleet.of(target))
  return { name: `${kind} of ${member.name}`, strike: downMs => strikeMember(member, kind, downMs) }
}

/** Short: every target once, each kind twice. Full: every kind for every target. */
export const scheduleOf = (size: 'short' | 'full', chance: Chance): readonly (readonly [Target, Kind])[] => {
  const targets = [...services, ...servers]
  if (size === 'full') return chance.shuffled(targets.flatMap(target => kinds.map(kind => [target, kind] as const)))
  const dealt = chance.shuffled([...kinds, ...kinds])
  return chance.shuffled(targets).map((target, index) => [target, dealt[index] ?? 'restart'] as const)
}
