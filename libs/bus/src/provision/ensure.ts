// A stream or a consumer made, or brought to what it should be; and whether it is that.
import type { ConsumerUpdateConfig, JetStreamManager, StreamUpdateConfig } from '@nats-io/jetstream'
import { isNotFound } from '../stream.ts'
import { streamConfigOf, type consumers, type StreamLimits } from './streams.ts'

type Consumer = (typeof consumers)[number]

export type ProvisionState = 'as configured' | 'missing' | 'not as configured'

/** What would carry messages to other subjects, or from them. Named here since an update keeps what it does not name. */
const nothingElsewhere = { republish: undefined, sources: undefined, subject_transform: undefined }

/** A consumer is asked for messages. Named for the same reason. */
const sentNowhere = { deliver_subject: undefined }

const orIfMissing = async <T>(ask: () => Promise<T>, otherwise: () => T | Promise<T>): Promise<T> => {
  try {
    return await ask()
  } catch (error) {
    if (!isNotFound(error)) throw error
    return otherwise()
  }
}

/** What is false NATS may leave out. */
const comparable = (value: unknown): string | undefined => JSON.stringify(value === false ? undefined : value)

const stateOf = (found: object, wanted: object): ProvisionState => {
  const entries = new Map(Object.entries(found))
  const same = Object.entries(wanted).every(([key, value]) => comparable(entries.get(key)) === comparable(value))
  return same ? 'as configured' : 'not as configured'
}

export const ensureStream = async ({ streams }: JetStreamManager, limits: StreamLimits): Promise<void> => {
  const config = streamConfigOf(limits)
  const update: object = { ...config, ...nothingElsewhere }
  await orIfMissing(
    () => streams.update(limits.name, update as Partial<StreamUpdateConfig>),
    () => streams.add({ name: limits.name, ...config }),
  )
}

export const judgeStream = ({ streams }: JetStreamManager, limits: StreamLimits): Promise<ProvisionState> =>
  orIfMissing(
    async () => stateOf((await streams.info(limits.name)).config, { ...streamConfigOf(limits), ...nothingElsewhere }),
    () => 'missing',
  )

export const ensureConsumer = async (manager: JetStreamManager, consumer: Consumer): Promise<void> => {
  const { stream, config } = consumer
  const update: object = { ...config, ...sentNowhere }
  await orIfMissing(
    () => manager.consumers.update(stream, config.durable_name, update as Partial<ConsumerUpdateConfig>),
    () => manager.consumers.add(stream, config),
  )
}

export const judgeConsumer = (manager: JetStreamManager, { stream, config }: Consumer): Promise<ProvisionState> =>
  orIfMissing(
    async () =>
      stateOf((await manager.consumers.info(stream, config.durable_name)).config, { ...config, ...sentNowhere }),
    () => 'missing',
  )
