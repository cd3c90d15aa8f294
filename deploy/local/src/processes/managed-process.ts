// A program that can be started again with the same port, data and environment: back ends and services alike.
// It does not restart itself; the supervisor's keep-alive does, and a test may.
import { setTimeout as pause } from 'node:timers/promises'
import { LocalStackError } from '../local-stack-error.ts'
import { describeExit, type Exit, launch, type LaunchSpec, type RunningProcess } from './launch.ts'
import type { Ledger } from './ledger.ts'

export interface Program {
  readonly name: string
  readonly ledger: Ledger
  /** `first` is false when it is started again, so that the log of the crash is kept. */
  readonly spec: (first: boolean) => LaunchSpec
  /** Whether it serves now; must end within about a second and never throw. */
  readonly isReady: () => Promise<boolean>
  readonly onLaunch?: (running: RunningProcess) => void
}

const pollMs = 20

/** The process ended before it was ready; `exit` says how. */
export class StartFailure extends LocalStackError {
  readonly exit: Exit

  constructor(name: string, exit: Exit) {
    super(`${name} ${describeExit(exit)} before it was ready`)
    this.exit = exit
  }
}

export class ManagedProcess {
  readonly #program: Program
  #running: RunningProcess

  private constructor(program: Program, running: RunningProcess) {
    this.#program = program
    this.#running = running
    program.onLaunch?.(running)
  }

  static async launch(program: Program): Promise<ManagedProcess> {
    return new ManagedProcess(program, await launch(program.spec(true), program.ledger))
  }

  get name(): string {
    return this.#program.name
  }

  /** Of the latest start. */
  get pid(): number {
    return this.#running.pid
  }

  /** Of the latest start. */
  get exited(): Promise<Exit> {
    return this.#running.exited
  }

  /** Waits at most `withinMs`. Throws `StartFailure` on exit, `LocalStackError` when time is over, the signal's reason on abort. */
  async ready({ withinMs, signal }: { withinMs: number; signal?: AbortSignal | undefined }): Promise<void> {
    let exit: Exit | undefined
    void this.#running.exited.then(value => (exit = value))
    const deadline = Date.now() + withinMs
    while (!(await this.#program.isReady())) {
      signal?.throwIfAborted()
      if (exit !== undefined) throw new StartFailure(this.name, exit)
      if (Date.now() > deadline) throw new LocalStackError(`${this.name} was not ready within ${withinMs / 1000} s`)
      await pause(pollMs)
    }
    if (exit !== undefined) throw new StartFailure(this.name, exit)
  }

  /** Starts it anew once the former process is gone; resolves when it is launched, not when it is ready. */
  async restart(): Promise<void> {
    await this.#running.stop()
    this.#running = await launch(this.#program.spec(false), this.#program.ledger)
    this.#program.onLaunch?.(this.#running)
  }

  stop(): Promise<void> {
    return this.#running.stop()
  }
}
