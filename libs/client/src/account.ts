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
import type { UserSession } from './user-session.ts'

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
    const isGuest = current?.latest.user.is_guest === true
    return begin(isGuest ? await current.call(call) : await http(call))
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
  const leave = (session: UserSession): void => {
    session.end()
    if (sessions.current === undefined) disconnect()
  }
  const signOut = async (): Promise<void> => {
    const session = sessions.require()
    leave(session)
    await session.logOut()
  }
  const deleteAccount = async (): Promise<void> => {
    const session = sessions.require()
    await session.deleteAccount()
    leave(session)
    await queue.forget(session.userId)
  }
  return { signInWithApple, signInAsGuest, signOut, deleteAccount, disconnect }
}
