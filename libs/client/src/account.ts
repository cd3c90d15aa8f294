// Who is signed in on this device: they come, a guest becomes somebody, they go.
import type { Device, Session, SignInAsGuest, SignInWithApple } from '@cairn/contracts'
import { isSession } from './answer-shapes.ts'
import { nonsenseAnswer } from './cairn-problem.ts'
import type { CairnClient } from './client.ts'
import type { EventQueue } from './event-queue.ts'
import type { Http } from './http.ts'
import type { LocalLog } from './local-log.ts'
import type { RealtimeClient } from './realtime-client.ts'
import type { SessionStore } from './session-store.ts'

export interface Parts {
  readonly http: Http
  readonly sessions: SessionStore
  readonly log: LocalLog
  readonly queue: EventQueue
  readonly realtime: RealtimeClient
}

export type Account = Pick<
  CairnClient,
  'signInWithApple' | 'signInAsGuest' | 'signOut' | 'deleteAccount' | 'disconnect'
>

export const createAccount = ({ http, sessions, log, queue, realtime }: Parts): Account => {
  const begin = (signedIn: unknown): Session => {
    if (!isSession(signedIn)) throw nonsenseAnswer()
    log.belongTo(signedIn.user.id)
    sessions.begin(signedIn)
    realtime.redial()
    queue.flush()
    return signedIn
  }
  /** By the guest, who is then the one that is upgraded, or by nobody yet. */
  const signInWithApple = async (body: SignInWithApple): Promise<Session> => {
    const { current } = sessions
    const call = { method: 'POST', path: '/auth/apple', body, repeatable: false } as const
    if (current?.latest.user.is_guest !== true) return begin(await http(call))
    // A sign-in that is refused counts for everybody who shares the address: not for a token that is known to have ended.
    await current.accessToken().catch((error: unknown) => {
      if (!current.isOver) throw error
    })
    return begin(current.isOver ? await http(call) : await current.call(call))
  }
  const signInAsGuest = async (device?: Device): Promise<Session> => {
    const body: SignInAsGuest = device === undefined ? {} : { device }
    return begin(await http({ method: 'POST', path: '/auth/guest', body, repeatable: false }))
  }
  const disconnect = (): void => {
    realtime.disconnect()
    queue.pause()
  }
  /** Somebody else may have signed in: what goes on is theirs then. */
  const disconnectIfLast = (): void => {
    if (sessions.current === undefined) disconnect()
  }
  const signOut = async (): Promise<void> => {
    const session = sessions.require()
    session.leave()
    disconnectIfLast()
    await session.logOut()
  }
  const deleteAccount = async (): Promise<void> => {
    const session = sessions.require()
    await session.deleteAccount()
    session.end()
    disconnectIfLast()
    await queue.forget(session.userId)
  }
  return { signInWithApple, signInAsGuest, signOut, deleteAccount, disconnect }
}
