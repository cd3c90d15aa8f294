// socket.io's form of a frame: an EVENT packet of a namespace, `["<type>", data, {traceparent, request_id}]`. It is put
// together here instead of by `socket.emit`, which would serialise a page again for every socket.
// https://github.com/socketio/socket.io-protocol#event
import type { Frame } from '../core/frame.ts'

const eventPacket = '2'

const encode = (namespace: string, { type, data, context }: Frame): string =>
  `${eventPacket}${namespace},[${JSON.stringify(type)},${data},${context ?? '{}'}]`

/** Encodes a frame the first time. All sockets a frame goes to are of one user, hence of one namespace. */
export const createSocketIoEncoder = (): ((namespace: string, frame: Frame) => string) => {
  const encoded = new WeakMap<Frame, string>()
  return (namespace, frame) => {
    const known = encoded.get(frame)
    if (known !== undefined) return known
    const text = encode(namespace, frame)
    encoded.set(frame, text)
    return text
  }
}
