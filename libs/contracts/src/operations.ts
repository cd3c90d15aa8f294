// Every request one service may make of another: its subject and the schemas of both directions.
// A new one is a line here, a handler at its owner and a caller.
import { Type, type Static, type TSchema } from 'typebox'
import { AboutUser, Account, Denials, FoundUser, KeyRotation, ReadDenials, RotateKeys } from './auth-bus.ts'
import {
  AppleNotification,
  EndSession,
  KeySet,
  LogOut,
  Me,
  Nonce,
  RefreshSession,
  Session,
  SessionList,
  SignInAsGuest,
  SignInWithApple,
} from './auth.ts'
import {
  AbandonedGuests,
  CleanUpBatch,
  CleanUpResult,
  FindAbandonedGuests,
  SweepPages,
  SweptPages,
  TableReport,
  UserIds,
} from './clean-up.ts'
import { SubmitEvents, SubmitResult } from './progress-events.ts'
import { Head } from './progress-state.ts'
import {
  ChangesPage,
  DayList,
  FindSnapshot,
  FoundSnapshot,
  ReadChanges,
  ReadDays,
  ReadTrack,
  ReadTracks,
  TrackList,
  TrackPage,
} from './progress.ts'
import { requestSubject, type Owner } from './subjects.ts'

export interface Operation<Request extends TSchema = TSchema, Reply extends TSchema = TSchema> {
  readonly owner: Owner
  readonly subject: string
  readonly request: Request
  readonly reply: Reply
}
export type RequestOf<O extends Operation> = Static<O['request']>
export type ReplyOf<O extends Operation> = Static<O['reply']>

const Nothing = Type.Object({}, { additionalProperties: false })

const operation =
  (owner: Owner, entity: string) =>
  <Request extends TSchema, Reply extends TSchema>(
    verb: string,
    request: Request,
    reply: Reply,
  ): Operation<Request, Reply> => ({
    owner,
    subject: requestSubject(owner, entity, verb),
    request,
    reply,
  })

const session = operation('auth', 'session')
const account = operation('auth', 'account')
const log = operation('progress', 'log')

export const issueNonce = operation('auth', 'nonce')('issue', Nothing, Nonce)
export const signInWithApple = session('sign-in-with-apple', SignInWithApple, Session)
export const signInAsGuest = session('sign-in-as-guest', SignInAsGuest, Session)
export const refreshSession = session('refresh', RefreshSession, Session)
export const logOut = session('log-out', LogOut, Nothing)
export const endSession = session('end', EndSession, Nothing)
export const endOtherSessions = session('end-others', Nothing, Nothing)
export const listSessions = session('list', Nothing, SessionList)
export const receiveAppleNotification = operation('auth', 'apple-notification')('receive', AppleNotification, Nothing)
export const readDenials = operation('auth', 'denials')('read', ReadDenials, Denials)
export const deleteMe = operation('auth', 'user')('delete', Nothing, Nothing)
export const readMe = operation('auth', 'user')('read', Nothing, Me)
export const cleanUpNonces = operation('auth', 'nonces')('clean-up', CleanUpBatch, CleanUpResult)
export const cleanUpSessions = operation('auth', 'sessions')('clean-up', CleanUpBatch, CleanUpResult)
export const cleanUpDeniedUsers = operation('auth', 'denied-users')('clean-up', CleanUpBatch, CleanUpResult)
export const cleanUpAppleNotifications = operation('auth', 'apple-notifications')(
  'clean-up',
  CleanUpBatch,
  CleanUpResult,
)
export const cleanUpAppleCodes = operation('auth', 'apple-codes')('clean-up', CleanUpBatch, CleanUpResult)
export const cleanUpSigningKeys = operation('auth', 'signing-keys')('clean-up', CleanUpBatch, CleanUpResult)
/** Sessions that nobody refreshed in time: no index knows them, since every refresh would have to change it. */
export const sweepIdleSessions = operation('auth', 'sessions')('sweep-idle', SweepPages, SweptPages)
/** Guests without a session for long: candidates, of whom progress keeps those who have any. */
export const findAbandonedGuests = operation('auth', 'guests')('find-abandoned', FindAbandonedGuests, AbandonedGuests)
export const deleteAbandonedGuests = operation('auth', 'guests')('delete-abandoned', UserIds, CleanUpResult)
export const inspectAuthTables = operation('auth', 'tables')('inspect', Nothing, TableReport)
/** These four for operators: refused when they come on a user's behalf, and no route of the gateway leads here. */
export const rotateKeys = operation('auth', 'keys')('rotate', RotateKeys, KeyRotation)
export const readAccount = account('read', AboutUser, Account)
export const signOutAccount = account('sign-out', AboutUser, FoundUser)
export const eraseAccount = account('erase', AboutUser, FoundUser)
export const readKeySet = operation('auth', 'keys')('read', Nothing, KeySet)

export const submitEvents = log('submit', SubmitEvents, SubmitResult)
export const readSnapshot = log('read-snapshot', FindSnapshot, FoundSnapshot)
export const readChanges = log('read-changes', ReadChanges, ChangesPage)
export const readTracks = log('read-tracks', ReadTracks, TrackList)
export const readTrack = log('read-track', ReadTrack, TrackPage)
export const readDays = log('read-days', ReadDays, DayList)
export const readHead = log('read-head', Nothing, Head)
/** Of these users, those who have a log with anything in it. */
export const findUsersWithProgress = operation('progress', 'users')('find-with-progress', UserIds, UserIds)
export const inspectProgressTables = operation('progress', 'tables')('inspect', Nothing, TableReport)
