// The whole stack twice over with phones, visitors and a canary on it: brought up, hurt by a schedule, and looked at afterwards.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Backend } from '@cairn/local'
import { assertIncidentsKept, noteIncident } from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import {
  atRate,
  countLost,
  judge,
  nextEvent,
  openEntrance,
  openPhones,
  settle,
  type Entrance,
  type PatientApi,
  type Phone,
  type Verdict,
} from '@cairn/testkit/load'
import { Canary } from './canary.ts'
import { faultOf, type Kind, type Target } from './faults.ts'
import { watchMemory } from './memory.ts'
import type { Chance } from './seeded.ts'
import { Visitors } from './visitors.ts'

export interface Scale {
  /** With two phones each. */
  readonly users: number
  readonly eventsPerSecond: number
  readonly visitsPerSecond: number
  /** Shortest and longest time that what was hurt stays away. */
  readonly downMs: readonly [number, number]
  /** Between the end of one fault and the next. */
  readonly calmMs: number
}

export interface SceneOptions {
  readonly directory: string
  readonly databaseUrl: string
  readonly postgres: Backend
  readonly scale: Scale
  readonly schedule: readonly (readonly [Target, Kind])[]
  readonly chance: Chance
  readonly say: (line: string) => void
}

export interface Struck {
  readonly fault: string
  readonly downMs: number
  /** The longest time that nothing came through whole. */
  readonly gapMs: number
  /** From the end of the fault until everything did again. */
  readonly recoveryMs: number
  /** From the end of the fault until every replica said that it is ready; what came through may have gone by the others. */
  readonly readyMs: number
}

export interface Outcome {
  readonly struck: readonly Struck[]
  readonly phones: Verdict
  /** Replicas that are not ready in the end. */
  readonly unready: readonly string[]
  /** Phones that are not signed in and connected in the end. */
  readonly lostPhones: number
  readonly visitors: { readonly kept: number; readonly ended: number; readonly acknowledged: number }
  /** What was answered as it must not be, or not at all. */
  readonly faults: readonly string[]
  readonly signIns: number
  readonly refreshes: number
  readonly requests: number
  /** Answers of 500 and above, by status. */
  readonly serverErrors: Readonly<Record<string, number>>
  readonly incidents: number
  /** The most that each process held at once, in MiB. */
  readonly mostMiB: Readonly<Record<string, number>>
}

const twoOfEach = { auth: 2, progress: 2, gateway: 2, realtime: 2, janitor: 2 }

type Recorded = Map<Phone, Set<string>>

const recordOne = (recorded: Recorded, chance: Chance, count: number): void => {
  const [phone, ids] = chance.oneOf([...recorded])
  const event = nextEvent(count)
  ids.add(event.event_id)
  void phone.client.record(event)
}

/** Milliseconds from `healedAt` until every replica says that it is ready; waits for that, at most as long as a start may take. */
const readiness = async ({ members }: Fleet, healedAt: number): Promise<number> => {
  const said = await Promise.allSettled(members.map(member => member.ready()))
  return said.every(({ status }) => status === 'fulfilled') ? performance.now() - healedAt : Infinity
}

const strikeAll = async (options: SceneOptions, fleet: Fleet, canary: Canary): Promise<readonly Struck[]> => {
  const { schedule, scale, chance, postgres, say } = options
  const struck: Struck[] = []
  for (const step of schedule) {
    await sleep(scale.calmMs)
    const fault = faultOf({ fleet, postgres }, step, chance)
    const [least, most] = scale.downMs
    const downMs = Math.round(least + chance.next() * (most - least))
    const struckAt = performance.now()
    await fault.strike(downMs)
    const healedAt = performance.now()
    const waits = [canary.recovery(healedAt), readiness(fleet, healedAt)] as const
    const [recoveryMs, readyMs] = (await Promise.all(waits)).map(Math.round) as [number, number]
    const gapMs = Math.round(canary.longestGap(struckAt, performance.now()))
    struck.push({ fault: fault.name, downMs, gapMs, recoveryMs, readyMs })
    say(
      `${fault.name}, ${downMs} ms: nothing came through for ${gapMs} ms, ` +
        `whole again after ${recoveryMs} ms, every replica ready after ${readyMs} ms`,
    )
  }
  return struck
}

/** Throws when the stack has no record of an incident that an answer told of. */
const checkIncidents = async (fleet: Fleet, { incidents }: PatientApi): Promise<void> => {
  for (const id of incidents) noteIncident(fleet.gatewayUrl, id)
  await assertIncidentsKept(fleet.gatewayUrl, { natsUrl: fleet.nats.url, spool: fleet.spool })
}

const play = async (options: SceneOptions, fleet: Fleet, entrance: Entrance): Promise<Outcome> => {
  const { scale, chance } = options
  const { api } = entrance
  const pairs: (readonly [Phone, Phone])[] = []
  for (let user = 0; user <= scale.users; user += 1) pairs.push(await openPhones(fleet, entrance))
  const [canaryPair, ...others] = pairs as [readonly [Phone, Phone], ...typeof pairs]
  const phones = pairs.flat()
  const recorded: Recorded = new Map(others.flat().map(phone => [phone, new Set<string>()] as const))
  const canary = new Canary(api, canaryPair)
  const visitors = new Visitors(api, fleet.apple.issuer)
  const memory = watchMemory(fleet.members)
  canary.start()
  const stopLoad = [
    atRate(scale.eventsPerSecond, count => recordOne(recorded, chance, count)),
    atRate(scale.visitsPerSecond, count => visitors.begin(count)),
  ]
  const struck = await strikeAll(options, fleet, canary)
  for (const stop of stopLoad) stop()
  await Promise.all([canary.stop(), visitors.end()])
  const logs = await settle(phones, entrance.gateway.url)
  const seen = await visitors.check()
  await checkIncidents(fleet, api)
  memory.stop()
  const ready = await Promise.all(fleet.members.map(member => member.isReady()))
  const lostPhones = await countLost(phones)
  for (const phone of phones) phone.end()
  return {
    struck,
    phones: judge(phones, logs, recorded.set(canaryPair[0], canary.recorded)),
    unready: fleet.members.filter((_, index) => ready[index] !== true).map(({ name }) => name),
    lostPhones,
    visitors: seen,
    faults: visitors.faults,
    signIns: visitors.signIns,
    refreshes: visitors.refreshes,
    requests: api.attempts,
    serverErrors: Object.fromEntries(api.serverErrors),
    incidents: api.incidents.size,
    mostMiB: Object.fromEntries([...memory.most].map(([name, mib]) => [name, Math.round(mib)])),
  }
}

/** Resolves with what became of it; nothing is left running. */
export const playScene = async (options: SceneOptions): Promise<Outcome> => {
  const { directory, databaseUrl } = options
  const environment = { ACCESS_TOKEN_TTL_S: '45', NODE_ENV: 'test' }
  const fleet = await startFleet({ directory, databaseUrl, replicas: twoOfEach, linked: true, environment })
  try {
    const entrance = await openEntrance(fleet)
    try {
      return await play(options, fleet, entrance)
    } finally {
      await entrance.close()
    }
  } finally {
    await fleet.stop()
  }
}
