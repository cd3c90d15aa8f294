// Every route of the gateway: one line each.
import type { Route } from '../http/route.ts'
import issueNonce from './issue-nonce.ts'
import readChanges from './read-changes.ts'
import readDays from './read-days.ts'
import readKeySet from './read-key-set.ts'
import readMe from './read-me.ts'
import readSnapshot from './read-snapshot.ts'
import readTrack from './read-track.ts'
import readTracks from './read-tracks.ts'
import refreshSession from './refresh-session.ts'
import signInAsGuest from './sign-in-as-guest.ts'
import signInWithApple from './sign-in-with-apple.ts'
import submitEvents from './submit-events.ts'

export const routes: readonly Route[] = [
  issueNonce,
  signInWithApple,
  signInAsGuest,
  refreshSession,
  readMe,
  readKeySet,
  submitEvents,
  readSnapshot,
  readChanges,
  readTracks,
  readTrack,
  readDays,
]
