// Framing that a proxy in front may read differently, so that it saw another request than we do: refused, and the connection with it.
import { CairnError } from '@cairn/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** How many headers of that name were sent: of some, Node keeps the first and drops the others. */
export const timesGiven = ({ raw }: FastifyRequest, name: string): number => {
  let times = 0
  for (let index = 0; index < raw.rawHeaders.length; index += 2) {
    const given = raw.rawHeaders[index]
    if (given?.length === name.length && given.toLowerCase() === name) times += 1
  }
  return times
}

const whatIsWrong = (request: FastifyRequest): string | undefined => {
  const hosts = timesGiven(request, 'host')
  // Left to Node, this answer would go out without ids.
  if (hosts === 0 && request.raw.httpVersion === '1.1') return 'The Host header is missing.'
  if (hosts > 1) return 'There is more than one Host header.'
  // The parser takes any list that ends in `chunked`, and undoes that alone.
  const coding = request.headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'The only transfer coding is chunked.'
  return undefined
}

/** After the count of the address: it counts like everything. */
export const registerFraming = (server: FastifyInstance): void => {
  server.addHook('onRequest', (request, reply, done) => {
    const detail = whatIsWrong(request)
    if (detail === undefined) {
      done()
      return
    }
    reply.header('connection', 'close')
    done(new CairnError('invalid_request', { detail }))
  })
}
