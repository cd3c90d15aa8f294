// Requests for engine.io: which it shall have, and problems where it would answer in a form of its own.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CairnError, type ErrorCode } from '@cairn/contracts'
import type { RealtimeContext } from '../context.ts'
import { assertRoom, assertServing } from '../core/admit-connection.ts'
import type { EngineConnection } from './engine-connection.ts'
import type { EngineConnections } from './engine-connections.ts'

export interface EngineRequest {
  readonly request: IncomingMessage
  readonly query: URLSearchParams
  readonly transport: 'polling' | 'websocket'
  /** Closes with the request: the response, or the socket to be upgraded. */
  readonly channel: EventEmitter
}

const invalid = (detail: string): CairnError => new CairnError('invalid_request', { detail })

/** For a connection that is there already: it goes on while no new ones are let in. */
const assertContinues = (connection: EngineConnection | undefined, method: string | undefined): EngineConnection => {
  if (connection === undefined) throw invalid('There is no such connection here.')
  if (connection.transportName !== 'polling') throw invalid('This connection is a WebSocket already.')
  if (method !== 'GET' && method !== 'POST') throw invalid('Polling is done by GET and POST.')
  return connection
}

/** engine.io would open a WebSocket for each that asks, and close all but the first. */
const assertUpgrades = (connection: EngineConnection): void => {
  if (connection.isUpgrading) throw invalid('This connection is becoming a WebSocket already.')
}

/** Checks what engine.io would answer by 500 or not at all, and takes a place for a new connection, or a WebSocket of one that polls. */
export const assertEngineRequest = async (
  context: RealtimeContext,
  connections: EngineConnections,
  { request, query, transport, channel }: EngineRequest,
): Promise<void> => {
  // As engine.io would read it: the last of several.
  const { EIO: protocol, transport: asked, sid } = Object.fromEntries(query) as Record<string, string | undefined>
  // It shall not read the URL again, perhaps in another way: what was counted here as one connection would be another there.
  Object.assign(request, { _query: Object.fromEntries(query) })
  if (protocol !== '4') throw invalid('socket.io is served in protocol 4.')
  if (asked !== transport) throw invalid('The transport is polling, or websocket with an upgrade.')
  const countHandshake = (): Promise<void> => context.limits.countAddress(context.readAddress(request).key)
  if (sid !== undefined) {
    const connection = assertContinues(connections.withId(sid), request.method)
    if (transport === 'polling') return
    assertUpgrades(connection)
    assertRoom(context, connections.size)
    connections.expectUpgrade(connection, channel)
    await countHandshake()
    // It may have ended meanwhile.
    assertContinues(connections.withId(sid), request.method)
    return
  }
  if (request.method !== 'GET') throw invalid('A connection begins with GET.')
  assertServing(context)
  assertRoom(context, connections.size)
  connections.expect(request, channel)
  await countHandshake()
}

const codeOf = (status: number): ErrorCode => {
  if (status >= 500) return 'internal'
  return status === 413 ? 'payload_too_large' : 'invalid_request'
}

/** Hands what engine.io refuses to `answer` instead, which writes to the same response. */
export const withProblems = (response: ServerResponse, answer: (error: CairnError) => void): ServerResponse => {
  const writeHead = response.writeHead.bind(response)
  const end = response.end.bind(response)
  response.writeHead = (status: number, ...rest: never[]) => {
    if (status < 400) return writeHead(status, ...rest)
    response.writeHead = writeHead
    // It always ends the answer next, with a body of its own or none.
    response.end = () => {
      response.end = end
      answer(new CairnError(codeOf(status)))
      return response
    }
    return response
  }
  return response
}
