// Ends a process, ours or one that a killed run left behind: asks politely, waits, asks harder. Never touches a process that
// merely has the same pid.
import { setTimeout as pause } from 'node:timers/promises'
import { isAlive, type ProcessIdentity } from '../../bootstrap/process-identity.js'

/** A signal and how long to wait for its effect, in milliseconds. */
export interface StopStep {
  readonly signal: NodeJS.Signals
  readonly waitMs: number
}

const pollMs = 20
/** SIGKILL needs no cooperation, only the kernel's time. */
const lastStep: StopStep = { signal: 'SIGKILL', waitMs: 2_000 }

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Resolves when the process is gone; `steps` are followed by SIGKILL. */
export const stopProcess = async (identity: ProcessIdentity, steps: readonly StopStep[]): Promise<void> => {
  for (const { signal, waitMs } of [...steps, lastStep]) {
    if (!isAlive(identity)) return
    send(identity.pid, signal)
    const deadline = Date.now() + waitMs
    while (isAlive(identity) && Date.now() < deadline) await pause(pollMs)
  }
}
