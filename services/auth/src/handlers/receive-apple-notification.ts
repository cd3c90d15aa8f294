// Apple's server-to-server notifications. Each counts once, however often it is delivered: its id is noted in the
// transaction that acts on it. Who is meant and unknown here needs nothing done.
import type { Handler } from '@cairn/bus'
import { CairnError, type receiveAppleNotification } from '@cairn/contracts'
import { readAppleClaims } from '../apple/read-apple-claims.ts'
import type { AuthContext } from '../context.ts'
import { judgeNotification, type AppleEvent, type AppleNotice } from '../domain/apple-notification.ts'
import { deleteAppleGrants } from '../store/delete-apple-grants.ts'
import { endAllSessions } from '../store/end-all-sessions.ts'
import { findUsersOfSubject } from '../store/find-users-of-subject.ts'
import { insertAppleNotification } from '../store/insert-apple-notification.ts'
import { changeAndTell, type Change } from './change-and-tell.ts'
import { deleteAccount } from './delete-account.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

const verify = async ({ config, logger, apple }: AuthContext, token: string): Promise<AppleNotice> => {
  const claims = await readAppleClaims(apple.keys, token)
  const rules = {
    issuers: config.appleIssuers,
    clientIds: config.appleClientIds,
    now: Date.now() / 1_000,
    maxAgeSeconds: config.appleNotificationMaxAgeSeconds,
    skewSeconds: config.clockSkewSeconds,
  }
  const judged = typeof claims === 'string' ? claims : judgeNotification(claims, rules)
  if (typeof judged !== 'string') return judged
  logger.debug({ fault: judged }, 'notification refused')
  throw new CairnError('token_invalid')
}

const act = async (context: AuthContext, change: Change, { kind, subject }: AppleEvent): Promise<void> => {
  if (kind === 'other') return
  const { appleIssuers: issuers, appleTeamId: teamId } = context.config
  const reason = 'consent_revoked'
  const { database } = change
  for (const userId of await findUsersOfSubject(database, { issuers, teamId, subject })) {
    if (kind === 'account_deleted') await deleteAccount(context, change, userId)
    else {
      const end = async (): Promise<void> => {
        await endAllSessions(database, userId, reason)
        await deleteAppleGrants(database, userId)
      }
      await signOutEverywhere(context, change, { userId, reason, end })
    }
  }
}

/** Throws `token_invalid` for what Apple did not sign for this app, or too long ago. */
export const handleReceiveAppleNotification =
  (context: AuthContext): Handler<typeof receiveAppleNotification> =>
  async ({ payload }) => {
    const { id, events } = await verify(context, payload)
    await changeAndTell(context, async change => {
      if (!(await insertAppleNotification(change.database, id))) return
      context.logger.info({ kinds: events.map(event => event.kind) }, 'Apple notifies')
      for (const event of events) await act(context, change, event)
    })
    context.apple.revocations.kept()
    return {}
  }
