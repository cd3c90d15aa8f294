// The plain WebSocket door: `GET /ws/user/<userId>?token=…`. Everything is decided before the upgrade, so a refusal is an
// HTTP answer; afterwards this only carries frames and keeps the connection alive.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { header } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { RealtimeContext } from '../context.ts'
import { admitConnection, type Admission } from '../core/admit-connection.ts'
import { receiveFrame } from '../handlers/receive-frame.ts'
import { createPlainEncoder, decodePlainFrame } from './plain-frames.ts'
import { PlainOutlet } from './plain-outlet.ts'
import { tokenOf, type UpgradeRequest } from './upgrade-request.ts'

export interface PlainDoor {
  /** Upgrades or throws. `socket` is left alone until everything has been decided. */
  upgrade(request: IncomingMessage, target: PlainTarget): Promise<void>
}

export interface PlainTarget {
  readonly userId: string
  readonly upgrade: UpgradeRequest
  readonly socket: Duplex
  readonly firstBytes: Buffer
}

export const createPlainDoor = (context: RealtimeContext): PlainDoor => {
  const { config, logger } = context
  const encode = createPlainEncoder()
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: config.maxFrameBytes,
  })
  server.on('headers', headers => {
    const request = currentRequest()
    if (request !== undefined) headers.push(`${header.requestId}: ${request.requestId}`)
  })

  const accept = (webSocket: WebSocket, { connection, head }: Admission): void => {
    const outlet = new PlainOutlet(webSocket, config, encode)
    webSocket.on('close', () => connection.gone())
    webSocket.on('pong', () => outlet.heard())
    webSocket.on('error', error => logger.debug({ error }, 'a WebSocket failed'))
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      outlet.heard()
      const text = isBinary ? undefined : (data as Buffer).toString('utf8')
      receiveFrame(context, connection, text === undefined ? undefined : decodePlainFrame(text))
    })
    connection.attach(outlet, head)
    context.registry.closeExcess(connection.userId)
  }

  return {
    upgrade: async (request, { userId, upgrade, socket, firstBytes }) => {
      await context.limits.countAddress(context.readAddress(request).key)
      const token = tokenOf(upgrade, request)
      const { origin, host } = request.headers
      const admission = await admitConnection(context, { userId, token, origin, host })
      const gone = (): void => admission.connection.gone()
      socket.once('close', gone)
      // From here on `ws` owns the socket, also when the client has gone meanwhile.
      if (socket.destroyed) gone()
      else
        server.handleUpgrade(request, socket, firstBytes, webSocket => {
          socket.off('close', gone)
          accept(webSocket, admission)
        })
    },
  }
}
