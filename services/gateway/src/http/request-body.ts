// What a body may be: JSON in UTF-8 and nothing else. What is no UTF-8 is not mended, or two ids could become one; what says that it
// is in another charset or coding is not read as if it were not. A body may be empty, whatever its content type says: some routes
// need none.
import { isUtf8 } from 'node:buffer'
import { errorCodes, type FastifyInstance, type FastifyRequest, type preParsingHookHandler } from 'fastify'
import type { Bodies } from './bodies.ts'

const charsetPattern = /;\s*charset\s*=\s*"?([^";\s]*)/gi

const isPlain = ({ headers }: FastifyRequest): boolean => {
  const { 'content-type': type = '', 'content-encoding': coding = 'identity' } = headers
  const charsets = [...type.matchAll(charsetPattern)].map(([, name = '']) => name.toLowerCase())
  return coding.toLowerCase() === 'identity' && charsets.every(name => name === 'utf-8')
}

/** For routes that read a body, before it is read. Fastify's own error: it counts like the body of another type that it is. */
export const refuseCoded: preParsingHookHandler = (request, _reply, ...[payload, done]) => {
  if (isPlain(request)) done(null, payload)
  else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE())
}

const parseBody = (body: Buffer): unknown => {
  if (!isUtf8(body)) throw new SyntaxError('not UTF-8')
  return body.length === 0 ? undefined : JSON.parse(body.toString())
}

export const registerBodyParser = (server: FastifyInstance, bodies: Bodies): void => {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', (request, _stream, done) =>
    bodies.receive(request, (error, body = Buffer.alloc(0)) => {
      if (error !== null) {
        done(error)
        return
      }
      let parsed: unknown
      try {
        parsed = parseBody(body)
      } catch (fault) {
        done(fault as Error)
        return
      }
      done(null, parsed)
    }),
  )
}
