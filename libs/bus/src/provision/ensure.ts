// A stream or a consumer made, or brought to what it should be; and whether it is that.
import type { JetStreamManager } from '@nats-io/jetstream'
import { isNotFound } from '../stream.ts'
import { differingKeys, wholeUpdate } from './compare.ts'
import { streamConfigOf, type consumers, type StreamLimits } from './streams.ts'

type Consumer = (typeof consumers)[number]

export type ProvisionState = 'as configured' | 'missing' | 'not as configured'

export interface Judged {
  readonly state: ProvisionState
  /** The keys of its configuration, as NATS has them, that are not what they should be. */
  readonly differing: readonly string[]
}

/** A stream or a consumer, by what can be done with it. */
interface Kept {
  readonly name: string
  readonly wanted: Record<string, unknown>
  readonly read: () => Promise<object>
  readonly add: () => Promise<unknown>
  readonly update: (whole: object) => Promise<unknown>
}

/** Undefined when it is missing. */
const readKept = async ({ read }: Kept): Promise<Record<string, unknown> | undefined> => {
  try {
    return { ...(await read()) }
  } catch (error) {
    if (!isNotFound(error)) throw error
    return undefined
  }
}

const judge = async (kept: Kept): Promise<Judged> => {
  const found = await readKept(kept)
  if (found === undefined) return { state: 'missing', differing: [] }
  const differing = differingKeys(found, kept.wanted)
  return { state: differing.length === 0 ? 'as configured' : 'not as configured', differing }
}

/** Rejects when it is not what it should be afterwards: some of it NATS refuses to change, some it leaves without a word. */
const ensure = async (kept: Kept): Promise<void> => {
  const found = await readKept(kept)
  const before = found === undefined ? [] : differingKeys(found, kept.wanted)
  const refuse = (why: string, cause?: unknown): never => {
    throw new Error(`${kept.name}: ${why}`, { cause })
  }
  try {
    await (found === undefined ? kept.add() : kept.update(wholeUpdate(found, kept.wanted)))
  } catch (error) {
    const what = before.length === 0 ? '' : ` (it differs in ${before.join(', ')})`
    refuse(`${error instanceof Error ? error.message : String(error)}${what}`, error)
  }
  const { differing } = await judge(kept)
  if (differing.length > 0) refuse(`NATS does not change ${differing.join(', ')}`)
}

const keptStream = ({ streams }: JetStreamManager, limits: StreamLimits): Kept => {
  const { name } = limits
  const wanted = streamConfigOf(limits)
  return {
    name,
    wanted,
    read: async () => (await streams.info(name)).config,
    add: () => streams.add({ name, ...wanted }),
    update: whole => streams.update(name, whole),
  }
}

const keptConsumer = ({ consumers: all }: JetStreamManager, { stream, config }: Consumer): Kept => {
  const name = config.durable_name
  return {
    name,
    wanted: config,
    read: async () => (await all.info(stream, name)).config,
    add: () => all.add(stream, config),
    update: whole => all.update(stream, name, whole),
  }
}

export const ensureStream = (manager: JetStreamManager, limits: StreamLimits): Promise<void> =>
  ensure(keptStream(manager, limits))

export const judgeStream = (manager: JetStreamManager, limits: StreamLimits): Promise<Judged> =>
  judge(keptStream(manager, limits))

export const ensureConsumer = (manager: JetStreamManager, consumer: Consumer): Promise<void> =>
  ensure(keptConsumer(manager, consumer))

export const judgeConsumer = (manager: JetStreamManager, consumer: Consumer): Promise<Judged> =>
  judge(keptConsumer(manager, consumer))
