// Requests for engine.io: which it shall have.
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/contracts'
import type { RealtimeContext } from '../context.ts'
import { assertRoom, assertServing } from '../core/admit-connection.ts'
import type { EngineConnections } from './engine-connections.ts'

/** What belongs to a connection that is there already goes on while no new ones are let in. */
export const assertEngineRequest = async (
  context: RealtimeContext,
  connections: EngineConnections,
  { query, request }: { query: URLSearchParams; request: IncomingMessage },
): Promise<void> => {
  if (query.get('EIO') !== '4')
    throw new CairnError('invalid_request', { detail: 'socket.io is served in protocol 4.' })
  const connectionId = query.get('sid')
  if (connectionId === null) {
    assertServing(context)
    assertRoom(context, connections.size)
    await context.limits.countAddress(context.readAddress(request).key)
  } else if (connections.withId(connectionId) === undefined) {
    throw new CairnError('invalid_request', { detail: 'There is no such connection here.' })
  }
}
