// The plain WebSocket door: `GET /ws/user/<userId>?token=…`. Everything is decided before the upgrade, so a refusal is an
// HTTP answer; afterwards this only carries frames and keeps the connection alive.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { closeCode, header, type CloseCode } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { RealtimeConfig } from '../config.ts'
import type { RealtimeContext } from '../context.ts'
import { admitConnection, type Admission } from '../core/admit-connection.ts'
import type { Frame } from '../core/frame.ts'
import type { Outlet } from '../core/outlet.ts'
import { receiveFrame } from '../handlers/receive-frame.ts'
import { createPlainEncoder, decodePlainFrame } from './plain-frames.ts'
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

/** The code's name as design and docs spell it, `too_slow`. */
const reasonOf = (code: CloseCode): string => {
  const [name = ''] = Object.entries(closeCode).find(([, known]) => known === code) ?? []
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

const outletOf = (webSocket: WebSocket, config: RealtimeConfig, encode: (frame: Frame) => string): Outlet => {
  let pingedAt = performance.now()
  let heardAt = pingedAt
  const heard = (): void => {
    heardAt = performance.now()
  }
  webSocket.on('pong', heard)
  webSocket.on('message', heard)
  return {
    send: frame => webSocket.send(encode(frame)),
    get pendingBytes() {
      return webSocket.bufferedAmount
    },
    close: code => webSocket.close(code, reasonOf(code)),
    terminate: () => webSocket.terminate(),
    keepAlive: now => {
      const unanswered = heardAt < pingedAt
      if (unanswered && now - pingedAt > config.pongTimeoutMs) webSocket.terminate()
      else if (!unanswered && now - pingedAt > config.pingIntervalMs) {
        pingedAt = now
        webSocket.ping()
      }
    },
  }
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
    webSocket.on('close', () => connection.gone())
    webSocket.on('error', error => logger.debug({ error }, 'a WebSocket failed'))
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      const text = isBinary ? undefined : (data as Buffer).toString('utf8')
      receiveFrame(context, connection, text === undefined ? undefined : decodePlainFrame(text))
    })
    connection.attach(outletOf(webSocket, config, encode), head)
    context.registry.closeExcess(connection.userId)
  }

  return {
    upgrade: async (request, { userId, upgrade, socket, firstBytes }) => {
      const token = tokenOf(upgrade, request)
      const { origin, host } = request.headers
      const admission = await admitConnection(context, { userId, token, origin, host })
      // From here on `ws` owns the socket, also when the client has gone meanwhile.
      socket.once('close', () => admission.connection.gone())
      if (socket.destroyed) admission.connection.gone()
      else server.handleUpgrade(request, socket, firstBytes, webSocket => accept(webSocket, admission))
    },
  }
}
