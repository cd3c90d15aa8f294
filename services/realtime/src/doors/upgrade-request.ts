// The head of an upgrade request, read once: where to, with which token. Checks what the WebSocket libraries would
// otherwise refuse by themselves, in answers without ids.
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/contracts'
import { ownText } from '../core/own-text.ts'

export interface UpgradeRequest {
  readonly path: string
  readonly query: URLSearchParams
}

const keyPattern = /^[+/0-9A-Za-z]{22}==$/
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const userPathPattern = /^\/ws\/user\/([^/]{1,64})$/

/** RFC 6455, 11.3.4: tokens, none of them twice. */
const isProtocolList = (value: string): boolean => {
  const protocols = value.split(',').map(protocol => protocol.trim())
  return new Set(protocols).size === protocols.length && protocols.every(protocol => tokenPattern.test(protocol))
}

/** The user of `/ws/user/<userId>`, or undefined when the path (or namespace) is another. */
export const userOfPath = (path: string): string | undefined => userPathPattern.exec(path)?.[1]

/** Throws `invalid_request` when it is no WebSocket handshake (RFC 6455, version 13). */
export const readUpgradeRequest = (request: IncomingMessage): UpgradeRequest => {
  const { headers, method, url = '' } = request
  const valid =
    method === 'GET' &&
    headers['sec-websocket-version'] === '13' &&
    keyPattern.test(headers['sec-websocket-key'] ?? '') &&
    isProtocolList(headers['sec-websocket-protocol'] ?? 'none') &&
    url.startsWith('/')
  if (!valid) throw new CairnError('invalid_request', { detail: 'This is no WebSocket handshake of version 13.' })
  const [path = '', query = ''] = url.split('?', 2)
  return { path, query: new URLSearchParams(query) }
}

/** The token of the query, else that of the `Authorization` header. */
export const tokenOf = ({ query }: UpgradeRequest, request: IncomingMessage): string | undefined => {
  const [, bearer] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? []
  const token = query.get('token') ?? bearer
  return token === undefined ? undefined : ownText(token)
}
