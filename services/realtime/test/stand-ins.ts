// Auth and progress as realtime sees them: a key set and tokens, a log and its pages, over a real bus. What is published
// is the test's decision, so that pages can be lost, doubled and late.
import { randomUUID } from 'node:crypto'
import {
  CairnError,
  keysRotatedSubject,
  logAdvancedSubject,
  readChanges,
  readDenials,
  readHead,
  readKeySet,
  sessionEndedSubject,
  userSignedOutSubject,
  type ChangesPage,
  type Denials,
  type PublicKey,
} from '@cairn/contracts'
import { Bus, publish, route, serve } from '@cairn/bus'
import { userHasher, type Logger } from '@cairn/runtime'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export interface Person {
  readonly userId: string
  readonly sessionId: string
  readonly token: string
}

const issuer = 'cairn'
export const epoch = 'epoch-1'

const logged = (seq: number): ChangesPage['events'][number] => ({
  seq,
  received_at: '2026-01-01T00:00:00.000Z',
  event_id: `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`,
  track_id: 'grüße',
  item_id: 'item',
  kind: 'practiced',
  occurred_at: '2026-01-01T00:00:00+00:00',
})

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const pageOf = (from: number, to: number, head: number): ChangesPage => ({
  epoch,
  from_seq: from,
  to_seq: to,
  events: range(from, to).map(logged),
  items: [],
  tracks: [],
  totals: { tracks: 0, items: 0, completed_items: 0, points: 0, duration_ms: 0, event_count: 0, active_days: 0 },
  streak: { current: 0, longest: 0, last_day: null, valid_until: null },
  head: { epoch, seq: head },
  has_more: to < head,
})

export interface StandIns {
  readonly bus: Bus
  /** Makes progress fail (or not) every read, or wait with heads, and counts the pages read. */
  readonly progress: {
    down: boolean
    headAfter: Promise<void> | undefined
    /** A page is read at once, and given back after this. */
    pageAfter: Promise<void> | undefined
    readonly headsAsked: string[]
    pageEvents: number
    pagesRead: number
    /** With those that fail. */
    readsAsked: number
  }
  signIn(claims?: Record<string, unknown>): Promise<Person>
  tokenFor(person: { userId: string; sessionId: string }, claims?: Record<string, unknown>): Promise<string>
  /** Appends events to the user's log and gives back their page; nobody is told. */
  commit(userId: string, count: number): ChangesPage
  publish(userId: string, page: ChangesPage): void
  /** Ends a session; everybody who listens hears of it, and whoever reads the denials finds it. */
  endSession(person: Person): void
  /** Ends all of the user's sessions up to this second. */
  signOut(person: Person): void
  /** Another key signs from now on; everybody who listens hears that there is something to be read. */
  rotateKey(): Promise<void>
  /** What keys before the current one signed is good no more. */
  withdrawKeys(): void
  stop(): Promise<void>
}

const serveProgress = (bus: Bus, heads: Map<string, number>, progress: StandIns['progress']) => {
  const headOf = (userId = ''): number => {
    if (progress.down) throw new CairnError('unavailable')
    return heads.get(userId) ?? 0
  }
  return serve(bus, {
    owner: 'progress',
    hashUser: userHasher(Buffer.alloc(32)),
    handlerTimeoutMs: 2_000,
    routes: [
      route(readHead, async (_payload, { caller }) => {
        progress.headsAsked.push(caller?.userId ?? '')
        await progress.headAfter
        return { epoch, seq: headOf(caller?.userId) }
      }),
      route(readChanges, async (payload, { caller }) => {
        progress.readsAsked += 1
        const head = headOf(caller?.userId)
        progress.pagesRead += 1
        if ((payload.epoch ?? epoch) !== epoch || payload.since > head) throw new CairnError('resync_required')
        const page = pageOf(payload.since + 1, Math.min(head, payload.since + progress.pageEvents), head)
        await progress.pageAfter
        return page
      }),
    ],
  })
}

const makeKey = async () => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA')
  const { x = '' } = await exportJWK(publicKey)
  const published: PublicKey = { kid: randomUUID(), kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x }
  return { published, privateKey }
}

/** Auth's keys: the last one signs. */
const makeKeys = async (bus: Bus) => {
  let keys = [await makeKey()]
  const tokenFor: StandIns['tokenFor'] = ({ userId, sessionId }, claims = {}) => {
    const { published, privateKey } = keys.at(-1) as (typeof keys)[number]
    const now = Math.floor(Date.now() / 1_000)
    const payload = { iss: issuer, aud: issuer, sub: userId, sid: sessionId, iat: now, exp: now + 600 }
    return new SignJWT({ ...payload, jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: published.kid })
      .sign(privateKey)
  }
  const rotateKey = async (): Promise<void> => {
    keys = [...keys, await makeKey()]
    publish(bus, keysRotatedSubject, {})
  }
  const withdrawKeys = (): void => {
    keys = keys.slice(-1)
    publish(bus, keysRotatedSubject, {})
  }
  return { keySet: () => ({ keys: keys.map(({ published }) => published) }), tokenFor, rotateKey, withdrawKeys }
}

export const startStandIns = async (url: string, logger: Logger): Promise<StandIns> => {
  const bus = await Bus.connect({ url, name: 'stand-ins', logger })
  const { keySet, tokenFor, rotateKey, withdrawKeys } = await makeKeys(bus)
  const heads = new Map<string, number>()
  const denials: Denials = { sessions: [], users: [], next_cursor: null }
  const waits = { headAfter: undefined, pageAfter: undefined }
  const progress = { down: false, ...waits, headsAsked: [], pageEvents: 1_000, pagesRead: 0, readsAsked: 0 }
  const auth = serve(bus, {
    owner: 'auth',
    hashUser: userHasher(Buffer.alloc(32)),
    handlerTimeoutMs: 2_000,
    routes: [route(readKeySet, async () => keySet()), route(readDenials, async () => denials)],
  })
  const serving = serveProgress(bus, heads, progress)
  return {
    bus,
    progress,
    tokenFor,
    signIn: async claims => {
      const person = { userId: randomUUID(), sessionId: randomUUID() }
      return { ...person, token: await tokenFor(person, claims) }
    },
    commit: (userId, count) => {
      const from = (heads.get(userId) ?? 0) + 1
      heads.set(userId, from + count - 1)
      return pageOf(from, from + count - 1, from + count - 1)
    },
    publish: (userId, page) => publish(bus, logAdvancedSubject(userId), page),
    endSession: ({ userId, sessionId }) => {
      const ended = { session_id: sessionId, ended_at: new Date().toISOString() }
      denials.sessions.push(ended)
      publish(bus, sessionEndedSubject(userId), { ...ended, user_id: userId, reason: 'logged_out' })
    },
    signOut: ({ userId }) => {
      const signedOut = { user_id: userId, not_after: Math.floor(Date.now() / 1_000) }
      denials.users.push(signedOut)
      const event = { ...signedOut, reason: 'account_deleted', ended_at: new Date().toISOString() }
      publish(bus, userSignedOutSubject(userId), event)
    },
    rotateKey,
    withdrawKeys,
    stop: async () => {
      await auth.stop()
      await serving.stop()
      await bus.drain(1_000)
    },
  }
}
