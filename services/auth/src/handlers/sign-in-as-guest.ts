// A new account without an identity. It lives as long as its sessions, unless an Apple sign-in makes it a full one.
import { randomUUID } from 'node:crypto'
import type { Handler } from '@cairn/bus'
import type { signInAsGuest } from '@cairn/contracts'
import { inTransaction } from '@cairn/postgres'
import type { AuthContext } from '../context.ts'
import { insertUser } from '../store/insert-user.ts'
import { openSession } from './open-session.ts'
import { sessionAnswer } from './session-answer.ts'

export const handleSignInAsGuest =
  (context: AuthContext): Handler<typeof signInAsGuest> =>
  async ({ device }) => {
    const guest = { id: randomUUID(), isGuest: true, displayName: null, email: null, emailVerified: false }
    const granted = await inTransaction(context.pool, async client => {
      const user = await insertUser(client, guest)
      return openSession(context, client, { user, created: true, device })
    })
    return sessionAnswer(context, granted)
  }
