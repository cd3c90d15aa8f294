// A NATS server with Cairn's streams in it: what `npm run migrate` does there, by the user that does it.
import { provisionStreams, streamVariables, type StreamsConfig } from '@cairn/bus/provision'
import { deriveNatsUrl, provideNats, type Backend, type ProvideOptions } from '@cairn/local'
import { readEnvironment } from '@cairn/runtime'

/** JetStream sets a stream's size aside on the disk. */
const smallStreams = { INCIDENT_STREAM_BYTES: '50000000' }

/** `changes` may be what no operator could set. */
export const provisionNats = async (natsUrl: string, changes: Partial<StreamsConfig> = {}): Promise<void> => {
  await provisionStreams({
    natsUrl: deriveNatsUrl(natsUrl, 'provisioner'),
    config: { ...readEnvironment(streamVariables, smallStreams), ...changes },
    waitMs: 10_000,
    say: () => undefined,
  })
}

/** As `provideNats`. */
export const provideProvisionedNats = async (options: ProvideOptions): Promise<Backend> => {
  const nats = await provideNats(options)
  try {
    await provisionNats(nats.url)
    return nats
  } catch (error) {
    await nats.stop()
    throw error
  }
}
