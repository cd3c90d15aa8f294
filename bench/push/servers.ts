// What is measured, each as a process of its own that can be weighed: two realtime nodes, and bare servers beside them.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@cairn/local'
import { startProcess, type BenchProcess } from '../harness/child-process.ts'

export interface Measurable extends BenchProcess {
  readonly url: string
}

type Environment = Readonly<Record<string, string>>

const start = async (root: string, script: string, environment: Environment): Promise<Measurable> => {
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const { NODE_OPTIONS: options = '' } = environment
  const settings = { ...environment, PORT: port, REALTIME_PORT: port, NODE_OPTIONS: `--expose-gc ${options}` }
  return {
    url,
    ...(await startProcess(root, {
      script: `services/realtime/bench/${script}`,
      environment: settings,
      readyUrl: `${url}/readyz`,
    })),
  }
}

export const startRealtimeNode = async (root: string, environment: Environment): Promise<Measurable> =>
  start(root, 'collected-main.ts', {
    ...environment,
    REALTIME_HOST: '127.0.0.1',
    REALTIME_HANDSHAKES_PER_USER: '1000000',
    // What is recorded of a handshake is not what its connection weighs.
    FLIGHT_RECORDER_MAX_AGE_MS: '1000',
    REALTIME_HANDSHAKES_PER_ADDRESS: '1000000',
    REALTIME_OPS_PORT: String(await freePort()),
  })

export const startBare = (
  root: string,
  name: 'bare-ws' | 'bare-socket-io',
  environment: Environment = {},
): Promise<Measurable> => start(root, `${name}.ts`, { PATH: process.env['PATH'] ?? '', ...environment })

/**
 * For a process that is weighed: as it comes, its young objects take what they like, up to 48 MB, and give nothing back; how much of
 * it they have had by the first weighing is chance.
 */
export const smallYoungGeneration = { NODE_OPTIONS: '--max-semi-space-size=1' }

const collections = 6
const collectionMs = 500

/**
 * Kilobytes of anonymous RSS after garbage was collected several times: buffers go later than what held them. The rest of it is
 * the program's file, of which the kernel takes back and brings in what it likes.
 */
export const weighKb = async ({ pid }: BenchProcess): Promise<number> => {
  for (let collection = 0; collection < collections; collection += 1) {
    process.kill(pid, 'SIGUSR2')
    await sleep(collectionMs)
  }
  return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
