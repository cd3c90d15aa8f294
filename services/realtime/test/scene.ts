// What most tests of a node begin with: a bus of their own, auth and progress as stand-ins on it, and one node that is ready.
import type { Environment } from '@cairn/runtime'
import { captureLogs, startTestBus, type CapturedLogs } from '@cairn/testkit'
import { startNode, type TestNode } from './realtime-node.ts'
import { startStandIns, type StandIns } from './stand-ins.ts'

export interface Scene {
  readonly logs: CapturedLogs
  readonly nats: Awaited<ReturnType<typeof startTestBus>>
  readonly others: StandIns
  readonly node: TestNode
  /** Stops all of it, whichever fails to stop, and rejects with the first failure. */
  stop(): Promise<void>
}

/** Against the order in which they started: a node that stops still needs the others and the bus. */
const stopAll = async (started: readonly { stop(): Promise<void> }[]): Promise<void> => {
  const failures: unknown[] = []
  for (const one of started.toReversed()) await one.stop().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** Leaves nothing running when it rejects. */
export const startScene = async (environment: Environment = {}): Promise<Scene> => {
  const started: { stop(): Promise<void> }[] = []
  const starting = async <T extends { stop(): Promise<void> }>(starts: Promise<T>): Promise<T> => {
    const one = await starts
    started.push(one)
    return one
  }
  try {
    const logs = captureLogs()
    const nats = await starting(startTestBus())
    const others = await starting(startStandIns(nats.url, logs.loggerFor('stand-ins')))
    const node = await starting(startNode(nats.url, logs.loggerFor('realtime'), environment))
    await node.ready()
    return { logs, nats, others, node, stop: () => stopAll(started) }
  } catch (error) {
    // Why it did not start says more than what could not stop after that.
    await stopAll(started).catch(() => undefined)
    throw error
  }
}
