// Where the caller's log ends.
import type { Call } from '@cairn/bus'
import type { Head } from '@cairn/contracts'
import type { ProgressContext } from '../context.ts'
import { readLogState } from '../store/statements/read-log-state.ts'
import { callerIdOf } from './caller-of.ts'

export const readHead =
  (context: ProgressContext) =>
  async (_payload: unknown, call: Call): Promise<Head> => {
    const { epoch, seq } = await readLogState(context.pool, callerIdOf(call))
    return { epoch, seq }
  }
