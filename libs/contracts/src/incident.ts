// What is kept of an incident: one part per service (and replica) that took part, under a subject that holds everything one
// looks for. A part that is sent again replaces the earlier one.
import { Type, type Static } from 'typebox'

export const incidentStream = 'incidents'

export const IncidentSpan = Type.Object({
  name: Type.String(),
  kind: Type.String(),
  span_id: Type.String(),
  parent_id: Type.Optional(Type.String()),
  started_at: Type.Number({ description: 'Milliseconds since 1970.' }),
  ms: Type.Number(),
  error: Type.Optional(Type.String()),
  attributes: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
})
export type IncidentSpan = Static<typeof IncidentSpan>

/** Where the incident was opened. Parts of services that only took part have none. */
export const IncidentOpening = Type.Object({
  code: Type.String(),
  route: Type.String(),
  fingerprint: Type.String(),
  /** How many failures share it, and the requests of the first hundred. */
  failures: Type.Integer(),
  request_ids: Type.Array(Type.String()),
  overflow: Type.Boolean(),
})

export const IncidentPart = Type.Object({
  incident_id: Type.String(),
  request_id: Type.String(),
  service: Type.String(),
  /** Which replica. */
  instance: Type.String(),
  version: Type.String(),
  kept_at: Type.String(),
  user_hash: Type.Optional(Type.String()),
  opening: Type.Optional(IncidentOpening),
  /** Log lines, JSON each, oldest first. */
  records: Type.Array(Type.String()),
  dropped_records: Type.Integer(),
  spans: Type.Array(IncidentSpan),
})
export type IncidentPart = Static<typeof IncidentPart>

const incidentIdPattern = /^inc_([0-7][0-9A-HJKMNP-TV-Z]{9})[0-9A-HJKMNP-TV-Z]{16}$/
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export const isIncidentId = (text: string): boolean => incidentIdPattern.test(text)

/** When it was opened, in milliseconds since 1970: the time stands in the id. NaN when it is none. */
export const timeOfIncident = (incidentId: string): number => {
  const [, time] = incidentIdPattern.exec(incidentId) ?? []
  return time === undefined ? Number.NaN : time.split('').reduce((ms, digit) => ms * 32 + crockford.indexOf(digit), 0)
}

interface SubjectTokens {
  readonly incidentId: string
  readonly requestId: string
  readonly role: 'edge' | 'part'
  readonly fingerprint: string
  readonly userHash: string
  /** Service and replica. */
  readonly origin: string
}

const prefix = 'event.incident.part.kept.v1'

/** One token, whatever stands in it: no wildcard, and no end. */
const tokenOf = (text: string): string => text.replaceAll(/[^\w-]/g, '_') || '_'

/** Tokens that are left out match anything. */
export const incidentSubjects = (wanted: Partial<SubjectTokens> = {}): string => {
  const { incidentId, requestId, role, fingerprint, userHash, origin } = wanted
  const tokens = [incidentId, requestId, role, fingerprint, userHash, origin]
  return [prefix, ...tokens.map(token => (token === undefined ? '*' : tokenOf(token)))].join('.')
}

/** The incident that a part under that subject belongs to. */
export const incidentOfSubject = (subject: string): string => subject.slice(prefix.length + 1).split('.', 1)[0] ?? ''

export const subjectOfPart = (part: IncidentPart): string =>
  incidentSubjects({
    incidentId: part.incident_id,
    requestId: part.request_id,
    role: part.opening === undefined ? 'part' : 'edge',
    fingerprint: part.opening?.fingerprint ?? 'none',
    userHash: part.user_hash ?? 'none',
    origin: `${part.service}-${part.instance}`,
  })

/** `event.incident.opened.v1`: whoever worked on that request hands over what it recorded. */
export const incidentOpenedSubject = 'event.incident.opened.v1'

export const IncidentOpened = Type.Object({ incident_id: Type.String(), request_id: Type.String() })
export type IncidentOpened = Static<typeof IncidentOpened>
