// A connection of engine.io without a client library: it is in no namespace yet, and says what it is told to.
import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface EngineClient {
  readonly socket: WebSocket
  /** All that has come, in order. */
  readonly packets: string[]
}

/** Resolves when engine.io has answered. */
export const openEngine = async (nodeUrl: string): Promise<EngineClient> => {
  const socket = new WebSocket(`${nodeUrl}/socket.io/?EIO=4&transport=websocket`)
  const packets: string[] = []
  socket.on('message', (packet: Buffer) => packets.push(packet.toString()))
  await once(socket, 'message')
  return { socket, packets }
}
