// The plain WebSocket's form of a frame: one JSON object `{type, data, traceparent?, request_id?}` in a text message.
import type { Frame } from '../core/frame.ts'
import type { ReceivedFrame } from '../handlers/receive-frame.ts'

const encode = ({ type, data, context }: Frame): string => {
  const end = context === undefined ? '}' : `,${context.slice(1)}`
  return `{"type":${JSON.stringify(type)},"data":${data}${end}`
}

/** Encodes a frame the first time, and remembers the text as long as the frame lives. */
export const createPlainEncoder = (): ((frame: Frame) => string) => {
  const encoded = new WeakMap<Frame, string>()
  return frame => {
    const known = encoded.get(frame)
    if (known !== undefined) return known
    const text = encode(frame)
    encoded.set(frame, text)
    return text
  }
}

/** Undefined when the text is no JSON object. */
export const decodePlainFrame = (text: string): ReceivedFrame | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { type: undefined, data: undefined, ...value } : undefined
  } catch {
    return undefined
  }
}
