// What a notification of Apple must say, once its signature holds, and what it tells. Identity tokens are signed by the same
// keys for the same audience: having no `events`, they are none. Apple's page shows `events` as a list, Apple sends a
// string of one object.

export interface NotificationRules {
  readonly issuers: readonly string[]
  readonly clientIds: readonly string[]
  /** Seconds since the epoch. */
  readonly now: number
  /** By `iat`; Apple repeats what was not answered for days. */
  readonly maxAgeSeconds: number
  readonly skewSeconds: number
}

export type AppleEventKind = 'consent_revoked' | 'account_deleted' | 'other'

export interface AppleEvent {
  readonly kind: AppleEventKind
  readonly subject: string
  /** Milliseconds since the epoch. Apple may tell days later, of an account or of sessions that have been followed by others. */
  readonly happenedAtMs: number
}

export interface AppleNotice {
  /** The same in every repetition. */
  readonly id: string
  /** Without those that cannot be read: repeating them would not help. */
  readonly events: readonly AppleEvent[]
}

export type NotificationFault = 'issuer' | 'audience' | 'id' | 'events' | 'issued_at' | 'expired'

type Claims = Readonly<Record<string, unknown>>

const maxIdLength = 256
const maxEvents = 32
const subjectPattern = /^[\x21-\x7e]{1,255}$/

/** June 2019, when Sign in with Apple was shown: earlier times, as seconds would be, are none. */
const firstEventMs = 1_559_347_200_000

/** Two spellings of deletion: Apple's libraries have the first, its page the second. */
const kinds: Readonly<Record<string, AppleEventKind>> = {
  'consent-revoked': 'consent_revoked',
  'account-delete': 'account_deleted',
  'account-deleted': 'account_deleted',
}

const isObject = (value: unknown): value is Claims => typeof value === 'object' && value !== null

const parsed = (events: unknown): unknown => {
  if (typeof events !== 'string') return events
  try {
    return JSON.parse(events)
  } catch {
    return undefined
  }
}

/** What is no time between the first one there can be and now counts as now. */
const happenedAtMs = (time: unknown, nowMs: number): number =>
  typeof time === 'number' && time >= firstEventMs && time <= nowMs ? time : nowMs

const eventsOf = (claim: unknown, nowMs: number): AppleEvent[] =>
  [parsed(claim)]
    .flat()
    .slice(0, maxEvents)
    .flatMap(event => {
      if (!isObject(event)) return []
      const { type, sub, event_time: time } = event
      if (typeof type !== 'string' || typeof sub !== 'string' || !subjectPattern.test(sub)) return []
      const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
      return [{ kind: kind ?? 'other', subject: sub, happenedAtMs: happenedAtMs(time, nowMs) }]
    })

const oneOf = (allowed: readonly string[], value: unknown): boolean =>
  typeof value === 'string' && allowed.includes(value)

const faultOf = (
  { iss, aud, jti, events, iat, exp }: Claims,
  rules: NotificationRules,
): NotificationFault | undefined => {
  if (!oneOf(rules.issuers, iss)) return 'issuer'
  if (!oneOf(rules.clientIds, aud)) return 'audience'
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdLength) return 'id'
  if (typeof events !== 'string' && !isObject(events)) return 'events'
  const age = rules.now - (Number.isSafeInteger(iat) ? (iat as number) : Number.NaN)
  if (!(age <= rules.maxAgeSeconds + rules.skewSeconds && age >= -rules.skewSeconds)) return 'issued_at'
  const ends = exp === undefined ? Number.POSITIVE_INFINITY : exp
  return typeof ends === 'number' && ends > rules.now - rules.skewSeconds ? undefined : 'expired'
}

/** The notice, or the first rule that does not hold. */
export const judgeNotification = (claims: Claims, rules: NotificationRules): AppleNotice | NotificationFault =>
  faultOf(claims, rules) ?? { id: claims['jti'] as string, events: eventsOf(claims['events'], rules.now * 1_000) }
