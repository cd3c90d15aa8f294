// A load generator as a process of its own: it has a core to itself as far as the machine allows, and its CPU is not counted
// with what it measures. Orders and results go over Node's IPC channel; one order at a time.
import { fork } from 'node:child_process'
import { once } from 'node:events'

interface Answer<Result> {
  readonly result?: Result
  readonly error?: string
}

export interface LoadProcess<Order, Result> {
  readonly pid: number
  /** Rejects when the load failed; the process stays. */
  ask(order: Order): Promise<Result>
  stop(): Promise<void>
}

/** What a load's script does with an order; what it is given comes from its parent, so it says the types itself. */
type Load = (order: never) => Promise<unknown>

/** The child's side: `setUp` is given the first order, what it returns answers all others. */
export const serveLoad = (setUp: (setup: never) => Promise<Load>): void => {
  let load: Load | undefined
  const act = async (message: unknown): Promise<Answer<unknown>> => {
    try {
      if (load !== undefined) return { result: await load(message as never) }
      load = await setUp(message as never)
      return {}
    } catch (error) {
      return { error: error instanceof Error ? (error.stack ?? '') : 'failed' }
    }
  }
  process.on('message', message => void act(message).then(answer => process.send?.(answer)))
  process.on('disconnect', () => process.exit(0))
}

/** The parent's side. `script` is an absolute path. */
export const startLoadProcess = async <Order extends object, Result>(
  script: string,
  setup: object,
): Promise<LoadProcess<Order, Result>> => {
  const child = fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  const exchange = async (message: object): Promise<Answer<Result>> => {
    const answered = once(child, 'message') as Promise<[Answer<Result>]>
    child.send(message)
    const [answer] = await Promise.race([
      answered,
      exited.then(() => Promise.reject(new Error(`${script} ended while it was asked something`))),
    ])
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }
  const stop = async (): Promise<void> => {
    if (child.connected) child.disconnect()
    await exited
  }
  try {
    await exchange(setup)
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid ?? 0, ask: async order => (await exchange(order)).result as Result, stop }
}
