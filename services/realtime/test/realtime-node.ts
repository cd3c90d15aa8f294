// A realtime node of the test's own, on free ports, with short times where a test would otherwise wait.
import { assertIncidentsKept, eventually, incidentEnvironment } from '@cairn/testkit'
import { readEnvironment, type Environment, type Logger } from '@cairn/runtime'
import { realtimeVariables } from '../src/config.ts'
import { startRealtime, type RunningRealtime } from '../src/service.ts'

export interface TestNode extends RunningRealtime {
  readonly url: string
  /** Resolves once it is ready to serve. */
  ready(): Promise<void>
}

export const startNode = async (natsUrl: string, logger: Logger, environment: Environment = {}): Promise<TestNode> => {
  const config = readEnvironment(realtimeVariables, {
    NODE_ENV: 'test',
    NATS_URL: natsUrl,
    USER_HASH_KEY: Buffer.alloc(32, 'u').toString('base64url'),
    // Nobody is there: a node counts by itself then, and serves.
    REDIS_URL: 'redis://127.0.0.1:9',
    LIMITS_LOCAL_PERCENT: '100',
    REALTIME_HANDSHAKES_PER_USER: '100000',
    REALTIME_HANDSHAKES_PER_ADDRESS: '100000',
    REALTIME_HOST: '127.0.0.1',
    REALTIME_PORT: '0',
    REALTIME_OPS_PORT: '0',
    OPS_HOST: '127.0.0.1',
    DRAIN_WINDOW_MS: '300',
    ...incidentEnvironment(),
    ...environment,
  })
  const running = await startRealtime(config, logger)
  const url = `http://127.0.0.1:${running.port}`
  const ready = (): Promise<void> =>
    eventually(async () => {
      if (!(await fetch(`${url}/readyz`)).ok) throw new Error('not ready')
    })
  const stop = async (): Promise<void> => {
    const spool = config.incidentSpoolDirectory
    // Whatever the test is about: what clients were told of has to be kept.
    try {
      await assertIncidentsKept(url, { natsUrl, spool })
    } finally {
      await running.stop()
    }
  }
  return { ...running, url, ready, stop }
}
