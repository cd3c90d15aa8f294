// The handshake, the same for both doors: who is it, may they, and where does their log stand. The connection listens
// before the head is read, so nothing that is committed in between can be missed.
import { CairnError, errorKinds, type Caller, type ErrorCode, type Head } from '@cairn/contracts'
import { currentRequest, type Logger } from '@cairn/runtime'
import type { AccessClaims } from '@cairn/tokens'
import type { RealtimeContext } from '../context.ts'
import { isAllowedOrigin, type OriginHeaders } from '../domain/origin.ts'
import { Connection } from './connection.ts'
import { measured } from './measured.ts'

export interface Handshake extends OriginHeaders {
  /** The user whose path or namespace is asked for. */
  readonly userId: string
  readonly token: string | undefined
}

export interface Admission {
  readonly connection: Connection
  readonly head: Head
}

const authorise = async ({ guard, config }: RealtimeContext, handshake: Handshake): Promise<AccessClaims> => {
  if (handshake.token === undefined || handshake.token === '') throw new CairnError('token_invalid')
  const claims = await guard.verify(handshake.token)
  if (claims.userId !== handshake.userId) throw new CairnError('forbidden', { detail: 'The token is of another user.' })
  if (!isAllowedOrigin(handshake, config.allowedOrigins)) {
    throw new CairnError('forbidden', { detail: 'This origin may not open sockets.' })
  }
  return claims
}

/** Throws `unavailable` while nobody can be let in. */
export const assertServing = ({ health, guard }: RealtimeContext): void => {
  if (health.draining) throw new CairnError('unavailable', { detail: 'This server is shutting down; try again.' })
  if (!guard.ready) throw new CairnError('unavailable', { detail: 'Tokens cannot be verified at the moment.' })
}

/** Throws `unavailable` when the node has as many connections as it takes. */
export const assertRoom = ({ config }: RealtimeContext, connections: number): void => {
  if (connections < config.maxConnections) return
  throw new CairnError('unavailable', { detail: 'This server has as many connections as it takes.' })
}

const openConnection = async (context: RealtimeContext, claims: AccessClaims): Promise<Admission> => {
  const { logReader, registry, connections, guard } = context
  // Others were let in while this one waited; between here and the registry nobody can be.
  assertRoom(context, registry.size)
  const caller: Caller = { userId: claims.userId, sessionId: claims.sessionId }
  const connection = new Connection(claims, registry.follow(caller), connections)
  registry.add(connection)
  try {
    const head = await logReader.readHead(caller)
    assertServing(context)
    // Whatever ended since the token was verified, its key included: before the connection was registered nobody could tell it.
    const verdict = guard.verdictOn(claims)
    if (verdict !== undefined) throw new CairnError(verdict)
    if (claims.expiresAt <= Date.now() / 1_000) throw new CairnError('token_expired')
    return { connection, head }
  } catch (error) {
    connection.gone()
    throw error
  }
}

const admit = async (context: RealtimeContext, handshake: Handshake): Promise<Admission> => {
  const { registry, limits } = context
  assertServing(context)
  assertRoom(context, registry.size)
  const claims = await authorise(context, handshake)
  await limits.countUser(claims.userId)
  const request = currentRequest()
  if (request !== undefined) request.userHash = context.hashUser(claims.userId)
  return limits.wait(() => openConnection(context, claims))
}

/** As it is counted and logged, whichever door. */
export const handshakeRoute = { method: 'GET', route: '/ws/user/:user_id' } as const

/** Both doors' handshakes count as answers of one route: 101, or the status of what refused them. */
const countHandshake = ({ metrics }: Logger, ms: number, code: ErrorCode | undefined): void =>
  metrics.observe('http.server.request.duration', ms, {
    'http.request.method': handshakeRoute.method,
    'http.route': handshakeRoute.route,
    'http.response.status_code': code === undefined ? 101 : errorKinds[code].status,
  })

/**
 * Lets a client in. The caller attaches an outlet to the connection, or calls its `gone()`.
 * Throws `token_invalid`, `token_expired`, `forbidden`, `rate_limited`, and `unavailable` while keys or head cannot be had, or too many wait for theirs.
 */
export const admitConnection = (context: RealtimeContext, handshake: Handshake): Promise<Admission> =>
  measured(context.logger, {
    name: `${handshakeRoute.method} ${handshakeRoute.route}`,
    work: () => admit(context, handshake),
    onEnd: (ms, code) => countHandshake(context.logger, ms, code),
  })
