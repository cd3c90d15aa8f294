// Framing that a proxy in front may read differently, so that it saw another request than we do: refused, and the connection with it.
// What follows on it is not even looked at: it may be a part of this request.
import type { IncomingMessage } from 'node:http'
import { callbackify } from 'node:util'
import { CairnError } from '@cairn/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { count } from '../limits/address-limit.ts'

/** How many headers of that name were sent: of some, Node keeps the first and drops the others. */
export const timesGiven = ({ rawHeaders }: IncomingMessage, name: string): number => {
  let times = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index]
    if (given?.length === name.length && given.toLowerCase() === name) times += 1
  }
  return times
}

/** What is wrong with it; undefined where nothing is. */
export const framingFaultOf = (request: IncomingMessage): string | undefined => {
  const hosts = timesGiven(request, 'host')
  // Left to Node, this answer would go out without ids.
  if (hosts === 0 && request.httpVersion !== '1.0') return 'The Host header is missing.'
  if (hosts > 1) return 'There is more than one Host header.'
  // The parser takes any list that ends in `chunked`, and undoes that alone.
  const coding = request.headers['transfer-encoding']
  if (coding === undefined) return undefined
  // RFC 9112, 6.1: a proxy of that version knows none.
  if (request.httpVersion === '1.0') return 'HTTP/1.0 has no transfer codings.'
  return coding.toLowerCase() === 'chunked' ? undefined : 'The only transfer coding is chunked.'
}

/** After the count of the address: it counts like everything. `faultOf`: what was found when the request came. */
export const registerFraming = (
  server: FastifyInstance,
  faultOf: (request: IncomingMessage) => string | undefined,
): void => {
  const refuse = callbackify(async (request: FastifyRequest, detail: string): Promise<void> => {
    const { addressCount, verdicts } = request
    if (addressCount !== undefined && verdicts === undefined) count(request, await addressCount)
    throw new CairnError('invalid_request', { detail })
  })
  server.addHook('onRequest', (request, _reply, done) => {
    const detail = faultOf(request.raw)
    if (detail === undefined) done()
    else refuse(request, detail, done)
  })
}
