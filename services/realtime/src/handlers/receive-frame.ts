// Every frame a client sends comes through here, from either door. Anything that is not in the vocabulary ends the
// connection; each frame is a request of its own in logs and traces.
import { closeCode, toCairnError } from '@cairn/contracts'
import { continueTrace, newRequestId, runInRequest, type RequestContext } from '@cairn/runtime'
import type { RealtimeContext } from '../context.ts'
import type { Connection } from '../core/connection.ts'
import { measured } from '../core/measured.ts'
import type { FrameHandler } from './frame-handler.ts'
import { pingHandler } from './ping.ts'
import { refreshTokenHandler } from './refresh-token.ts'
import { resumeHandler } from './resume.ts'

export interface ReceivedFrame {
  readonly type: unknown
  readonly data: unknown
  readonly traceparent?: unknown
}

const handlers: ReadonlyMap<string, FrameHandler> = new Map(
  [pingHandler, resumeHandler, refreshTokenHandler].map(handler => [handler.type, handler]),
)

const requestOf = ({ traceparent }: ReceivedFrame, userHash: string): RequestContext => ({
  requestId: newRequestId(),
  trace: continueTrace(typeof traceparent === 'string' ? traceparent : undefined),
  userHash,
})

/** `frame` is undefined when what came was no frame at all. */
export const receiveFrame = (
  context: RealtimeContext,
  connection: Connection,
  frame: ReceivedFrame | undefined,
): void => {
  if (!connection.takesFrame()) return
  const handler = typeof frame?.type === 'string' ? handlers.get(frame.type) : undefined
  if (frame === undefined || handler === undefined || !handler.accepts(frame.data)) {
    connection.close(closeCode.badFrame)
    return
  }
  runInRequest(requestOf(frame, context.hashUser(connection.userId)), () => {
    const name = `frame ${handler.type}`
    const work = (): Promise<void> => handler.handle(context, connection, frame.data)
    measured(context.logger, { name, work }).catch((error: unknown) => {
      const { code } = toCairnError(error)
      context.incidents.open({ code, route: name, error, message: 'could not handle a frame' })
    })
  })
}
