// Apple's server-to-server notifications. Each counts once, however often it is delivered: its id is noted in the
// transaction that acts on it. Who is meant and unknown here needs nothing done, nor what was overtaken: Apple may tell days
// later, of an account that has been followed by another.
import type { Handler } from '@cairn/bus'
import { CairnError, type receiveAppleNotification } from '@cairn/contracts'
import { readAppleClaims } from '../apple/read-apple-claims.ts'
import type { AuthContext } from '../context.ts'
import { judgeNotification, type AppleEvent, type AppleNotice } from '../domain/apple-notification.ts'
import { deleteAppleGrants } from '../store/delete-apple-grants.ts'
import { endAllSessions } from '../store/end-all-sessions.ts'
import { findUsersOfSubject } from '../store/find-users-of-subject.ts'
import { hasSessionSince } from '../store/has-session-since.ts'
import { insertAppleNotification } from '../store/insert-apple-notification.ts'
import { lockUser } from '../store/lock-user.ts'
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

/** A sign-in since then is a consent given anew, to which sessions and grants belong. */
const revokeConsent = async (
  context: AuthContext,
  change: Change,
  { userId, at }: { userId: string; at: Date },
): Promise<void> => {
  const { database } = change
  await lockUser(database, userId, 'alone')
  if (await hasSessionSince(database, userId, at)) return
  const reason = 'consent_revoked'
  const end = async (): Promise<void> => {
    await endAllSessions(database, userId, reason)
    await deleteAppleGrants(database, userId)
  }
  await signOutEverywhere(context, change, { userId, reason, end })
}

const act = async (context: AuthContext, change: Change, event: AppleEvent): Promise<void> => {
  const { kind, subject, happenedAtMs } = event
  if (kind === 'other') return
  const { appleIssuers: issuers, appleTeamId: teamId, clockSkewSeconds } = context.config
  const at = new Date(happenedAtMs + clockSkewSeconds * 1_000)
  for (const userId of await findUsersOfSubject(change.database, { issuers, teamId, subject, at })) {
    if (kind === 'account_deleted') await deleteAccount(context, change, userId)
    else await revokeConsent(context, change, { userId, at })
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
