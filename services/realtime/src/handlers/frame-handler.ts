// What a frame from a client is answered by: its type, the schema of its data, and what it does.
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { RealtimeContext } from '../context.ts'
import type { Connection } from '../core/connection.ts'

export interface FrameHandler {
  readonly type: string
  readonly accepts: (data: unknown) => boolean
  /** Called with data that was accepted. */
  readonly handle: (context: RealtimeContext, connection: Connection, data: unknown) => Promise<void>
}

export const frameHandler = <Data extends TSchema>(
  type: string,
  schema: Data,
  handle: (context: RealtimeContext, connection: Connection, data: Static<Data>) => Promise<void>,
): FrameHandler => {
  const validator = Compile(schema)
  return {
    type,
    accepts: data => validator.Check(data),
    handle: (context, connection, data) => handle(context, connection, data as Static<Data>),
  }
}
