// `ping`: the client has heard nothing for long and asks whether its connection still carries anything. Answered by this node
// alone, so that an outage behind it sends nobody away. What waits to go out already is as good an answer.
import { frameType, Ping } from '@cairn/contracts'
import { frameOf } from '../core/frame.ts'
import { frameHandler } from './frame-handler.ts'

export const pingHandler = frameHandler(frameType.ping, Ping, async (_context, connection) => {
  connection.notify(frameOf(frameType.pong, {}))
})
