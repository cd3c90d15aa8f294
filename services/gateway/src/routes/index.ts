// Every route of the gateway: one line each. The name is the operation's id in `openapi.yaml`, and never changes once released.
import type { Route } from '../http/route.ts'
import deleteMe from './delete-me.ts'
import endOtherSessions from './end-other-sessions.ts'
import endSession from './end-session.ts'
import issueNonce from './issue-nonce.ts'
import listSessions from './list-sessions.ts'
import logOut from './log-out.ts'
import readChanges from './read-changes.ts'
import readDays from './read-days.ts'
import readKeySet from './read-key-set.ts'
import readMe from './read-me.ts'
import readSnapshot from './read-snapshot.ts'
import readTrack from './read-track.ts'
import readTracks from './read-tracks.ts'
import receiveAppleNotification from './receive-apple-notification.ts'
import refreshSession from './refresh-session.ts'
import signInAsGuest from './sign-in-as-guest.ts'
import signInWithApple from './sign-in-with-apple.ts'
import submitEvents from './submit-events.ts'

export const routes: Readonly<Record<string, Route>> = {
  issueNonce,
  signInWithApple,
  signInAsGuest,
  refreshSession,
  logOut,
  receiveAppleNotification,
  readMe,
  deleteMe,
  listSessions,
  endSession,
  endOtherSessions,
  readKeySet,
  submitEvents,
  readSnapshot,
  readChanges,
  readTracks,
  readTrack,
  readDays,
}
