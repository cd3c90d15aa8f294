// Asking owners over the bus. Each has a bound of its own on what is under way, so that a slow one fills its own and leaves the
// others' routes alone; and what the last answer was is remembered for `/readyz`.
import { request, type Bus } from '@cairn/bus'
import { CairnError, type Caller, type Operation, type Owner, type ReplyOf, type RequestOf } from '@cairn/contracts'

export interface Question<O extends Operation> {
  readonly payload: RequestOf<O>
  readonly caller: Caller | undefined
}

/** Rejects with the owner's error, or `unavailable`. */
export type Ask = <O extends Operation>(operation: O, question: Question<O>) => Promise<ReplyOf<O>>

export interface Owners {
  readonly ask: Ask
  /** Whether the last answer of that owner was one; true until it was asked. */
  answers(owner: Owner): boolean
}

export interface OwnersOptions {
  readonly bus: Bus
  readonly timeoutMs: number
  readonly mostInFlight: number
}

class OwnerGate {
  inFlight = 0
  answers = true
}

const isUnavailable = (error: unknown): boolean => error instanceof CairnError && error.code === 'unavailable'

export const createOwners = ({ bus, timeoutMs, mostInFlight }: OwnersOptions): Owners => {
  const gates: Readonly<Record<Owner, OwnerGate>> = { auth: new OwnerGate(), progress: new OwnerGate() }
  const ask: Ask = async (operation, { payload, caller }) => {
    const gate = gates[operation.owner]
    if (gate.inFlight >= mostInFlight) {
      throw new CairnError('unavailable', { cause: new Error(`too many requests under way at ${operation.owner}`) })
    }
    gate.inFlight += 1
    try {
      const reply = await request(bus, operation, { payload, timeoutMs, ...(caller === undefined ? {} : { caller }) })
      gate.answers = true
      return reply
    } catch (error) {
      gate.answers = !isUnavailable(error)
      throw error
    } finally {
      gate.inFlight -= 1
    }
  }
  return { ask, answers: owner => gates[owner].answers }
}
