// Every request auth answers: one line each. A failure of the database becomes `unavailable` or `internal` here.
import { routeWith, type Route } from '@cairn/bus'
import * as operations from '@cairn/contracts'
import { databaseFailure } from '@cairn/postgres'
import type { AuthContext } from '../context.ts'
import { handleCleanUpAppleCodes } from './clean-up-apple-codes.ts'
import { handleCleanUpAppleNotifications } from './clean-up-apple-notifications.ts'
import { handleCleanUpDeniedUsers } from './clean-up-denied-users.ts'
import { handleCleanUpNonces } from './clean-up-nonces.ts'
import { handleCleanUpSessions } from './clean-up-sessions.ts'
import { handleCleanUpSigningKeys } from './clean-up-signing-keys.ts'
import { handleDeleteAbandonedGuests } from './delete-abandoned-guests.ts'
import { handleDeleteMe } from './delete-me.ts'
import { handleEndOtherSessions } from './end-other-sessions.ts'
import { handleEndSession } from './end-session.ts'
import { handleEraseAccount } from './erase-account.ts'
import { handleFindAbandonedGuests } from './find-abandoned-guests.ts'
import { handleInspectTables } from './inspect-tables.ts'
import { handleIssueNonce } from './issue-nonce.ts'
import { handleListSessions } from './list-sessions.ts'
import { handleLogOut } from './log-out.ts'
import { handleReadAccount } from './read-account.ts'
import { handleReadDenials } from './read-denials.ts'
import { handleReadKeySet } from './read-key-set.ts'
import { handleReadMe } from './read-me.ts'
import { handleReceiveAppleNotification } from './receive-apple-notification.ts'
import { handleRefreshSession } from './refresh-session.ts'
import { handleRotateKeys } from './rotate-keys.ts'
import { handleSweepIdleSessions } from './sweep-idle-sessions.ts'
import { handleSignInAsGuest } from './sign-in-as-guest.ts'
import { handleSignInWithApple } from './sign-in-with-apple.ts'
import { handleSignOutAccount } from './sign-out-account.ts'

const serving = routeWith(databaseFailure)

export const routesOf = (context: AuthContext): readonly Route[] => [
  serving(operations.issueNonce, handleIssueNonce(context)),
  serving(operations.signInWithApple, handleSignInWithApple(context)),
  serving(operations.signInAsGuest, handleSignInAsGuest(context)),
  serving(operations.refreshSession, handleRefreshSession(context)),
  serving(operations.logOut, handleLogOut(context)),
  serving(operations.listSessions, handleListSessions(context)),
  serving(operations.endSession, handleEndSession(context)),
  serving(operations.endOtherSessions, handleEndOtherSessions(context)),
  serving(operations.readMe, handleReadMe(context)),
  serving(operations.deleteMe, handleDeleteMe(context)),
  serving(operations.readDenials, handleReadDenials(context)),
  serving(operations.readKeySet, handleReadKeySet(context)),
  serving(operations.cleanUpNonces, handleCleanUpNonces(context)),
  serving(operations.cleanUpSessions, handleCleanUpSessions(context)),
  serving(operations.cleanUpDeniedUsers, handleCleanUpDeniedUsers(context)),
  serving(operations.cleanUpAppleNotifications, handleCleanUpAppleNotifications(context)),
  serving(operations.receiveAppleNotification, handleReceiveAppleNotification(context)),
  serving(operations.cleanUpSigningKeys, handleCleanUpSigningKeys(context)),
  serving(operations.rotateKeys, handleRotateKeys(context)),
  serving(operations.readAccount, handleReadAccount(context)),
  serving(operations.signOutAccount, handleSignOutAccount(context)),
  serving(operations.eraseAccount, handleEraseAccount(context)),
  serving(operations.cleanUpAppleCodes, handleCleanUpAppleCodes(context)),
  serving(operations.sweepIdleSessions, handleSweepIdleSessions(context)),
  serving(operations.findAbandonedGuests, handleFindAbandonedGuests(context)),
  serving(operations.deleteAbandonedGuests, handleDeleteAbandonedGuests(context)),
  serving(operations.inspectAuthTables, handleInspectTables(context)),
]
