// What is known of the request being worked on, carried along all asynchronous work by AsyncLocalStorage.
// The storage is the one piece of module state: a context nobody can reach from the outside is no context.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Recording } from './recording.ts'
import type { Trace } from './trace-context.ts'

export interface RequestContext {
  readonly requestId: string
  readonly trace: Trace
  /** Set once the caller is known. */
  userHash?: string | undefined
  /** Of its failure, if it failed. */
  incidentId?: string | undefined
  /** Where the flight recorder keeps this request's records; the recorder's alone. */
  recording?: Recording | undefined
}

/** With room for what will be known: where there are many of them, a field that comes later costs each an allocation. */
export const requestContext = (requestId: string, trace: Trace): RequestContext => ({
  requestId,
  trace,
  userHash: undefined,
  incidentId: undefined,
  recording: undefined,
})

const storage = new AsyncLocalStorage<RequestContext>()

export const currentRequest = (): RequestContext | undefined => storage.getStore()

/** As every record of the request has them. */
export const idsOf = ({ requestId, trace, userHash }: RequestContext): object =>
  userHash === undefined
    ? { request_id: requestId, trace_id: trace.traceId }
    : { request_id: requestId, trace_id: trace.traceId, user_hash: userHash }

// As it is when this is loaded: one for all, where `exit` would make one each time, to be kept as long as what was started.
const outside = AsyncLocalStorage.snapshot()

/** Runs `work` (and all it starts) as part of none: what outlives a request must not keep it. */
export const runOutsideRequest = <T>(work: () => T): T => outside(work)

/** Runs `work` (and all it starts) as part of this request; undefined: of none. */
export const runInRequest = <T>(context: RequestContext | undefined, work: () => T): T =>
  context === undefined ? runOutsideRequest(work) : storage.run(context, work)
