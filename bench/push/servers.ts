// What is measured, each as a process of its own that can be weighed: two realtime nodes, and bare servers beside them.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@cairn/local'
import { startProcess, type BenchProcess } from '../harness/child-process.ts'
import type { DoorKind } from './sockets-load.ts'

export interface Measurable extends BenchProcess {
  readonly url: string
}

export interface Place {
  readonly root: string
  /** Of the stack that realtime belongs to. */
  readonly environment: Readonly<Record<string, string>>
}

const scripts: Record<DoorKind, string> = {
  plain: 'collected-main.ts',
  'socket.io': 'collected-main.ts',
  'bare ws': 'bare-ws.ts',
  'bare socket.io': 'bare-socket-io.ts',
}

/** One that is measured by one of its doors: a realtime node has both. */
export const startServer = async (
  { root, environment }: Place,
  kind: DoorKind,
  { v8Flags = '' }: { v8Flags?: string } = {},
): Promise<Measurable> => {
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const settings = {
    ...environment,
    NODE_OPTIONS: `--expose-gc ${v8Flags}`,
    PORT: port,
    REALTIME_HOST: '127.0.0.1',
    REALTIME_PORT: port,
    REALTIME_OPS_PORT: String(await freePort()),
    REALTIME_HANDSHAKES_PER_USER: '1000000',
    REALTIME_HANDSHAKES_PER_ADDRESS: '1000000',
    // What is recorded of a handshake is not what its connection weighs.
    FLIGHT_RECORDER_MAX_AGE_MS: '1000',
  }
  const script = `services/realtime/bench/${scripts[kind]}`
  return { url, ...(await startProcess(root, { script, environment: settings, readyUrl: `${url}/readyz` })) }
}

/**
 * For a process that is weighed: as it comes, its young objects take what they like, up to 48 MB, and give nothing back; how much of
 * it they have had by the first weighing is chance.
 */
export const smallYoungGeneration = { v8Flags: '--max-semi-space-size=1' }

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
