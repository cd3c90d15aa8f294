// Every subject on the bus is built here: nobody types one. Shapes are fixed by design §8 and versioned by their `v1`.

export type Owner = 'auth' | 'progress'

/** `request.<owner>.<entity>.<verb>.v1`, answered by one member of the owner's queue group. */
export const requestSubject = (owner: Owner, entity: string, verb: string): string =>
  `request.${owner}.${entity}.${verb}.v1`

/** All requests of one owner. */
export const requestSubjectsOf = (owner: Owner): string => `request.${owner}.>`

/** `event.progress.log.advanced.v1.<user>`: one committed range of a user's log, a changes page as payload. */
export const logAdvancedSubject = (userId: string): string => `event.progress.log.advanced.v1.${userId}`
export const logAdvancedSubjects = 'event.progress.log.advanced.v1.*'

/** `event.auth.session.ended.v1.<user>`: a session of that user must be refused from now on. */
export const sessionEndedSubject = (userId: string): string => `event.auth.session.ended.v1.${userId}`
export const sessionEndedSubjects = 'event.auth.session.ended.v1.*'

/** `event.auth.user.signed_out.v1.<user>`: all of that user's sessions must be refused from now on. */
export const userSignedOutSubject = (userId: string): string => `event.auth.user.signed_out.v1.${userId}`
export const userSignedOutSubjects = 'event.auth.user.signed_out.v1.*'

/** `event.auth.user.deleted.v1.<user>`: at least once, by JetStream; owners erase that user's rows. */
export const userDeletedSubject = (userId: string): string => `event.auth.user.deleted.v1.${userId}`
export const userDeletedSubjects = 'event.auth.user.deleted.v1.*'

/** `event.auth.keys.rotated.v1`: verifiers load the key set again. */
export const keysRotatedSubject = 'event.auth.keys.rotated.v1'

/** `event.progress.outbox.filled.v1`: a hint to relays after a commit; losing one costs a poll interval, nothing else. */
export const outboxFilledSubject = 'event.progress.outbox.filled.v1'

/** `event.auth.outbox.filled.v1`: the same hint for auth's relays. */
export const authOutboxFilledSubject = 'event.auth.outbox.filled.v1'

/** Streams that keep events, beside `incidents`; `npm run migrate` makes all of them. */
export const authEventsStream = 'auth_events'
export const progressLogStream = 'progress_log'

/** By which the replicas of progress share the deletions that `auth_events` keeps. */
export const eraseUserConsumer = 'progress_erase_user'
