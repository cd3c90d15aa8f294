// The one shape of every HTTP error: `application/problem+json` (RFC 9457) with Cairn's members.
import { Type, type Static } from 'typebox'
import { errorKinds, type CairnError, type ErrorCode } from './errors.ts'

export const problemContentType = 'application/problem+json; charset=utf-8'

export const Problem = Type.Object({
  type: Type.String({ description: 'Stable URI of the kind of error; its last part is `code`.' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String()),
  code: Type.Enum(Object.keys(errorKinds) as ErrorCode[]),
  request_id: Type.String(),
  incident_id: Type.Optional(Type.String({ description: 'Only on 5xx: what support needs to find the cause.' })),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  retry_after: Type.Optional(Type.Integer({ description: 'Whole seconds to wait, also in the `retry-after` header.' })),
  'violated-policies': Type.Optional(Type.Array(Type.String(), { description: 'Only on 429: the limits reached.' })),
})
export type Problem = Static<typeof Problem>

/** Builds the body for one occurrence. `incidentId` is given on 5xx only. */
export const problemOf = (error: CairnError, requestId: string, incidentId?: string): Problem => {
  const { status, title } = errorKinds[error.code]
  return {
    type: `https://cairn.dev/errors/${error.code}`,
    title,
    status,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    code: error.code,
    request_id: requestId,
    ...(incidentId === undefined ? {} : { incident_id: incidentId }),
    ...(error.errors === undefined ? {} : { errors: error.errors.map(fault => ({ ...fault })) }),
    ...(error.retryAfterSeconds === undefined ? {} : { retry_after: error.retryAfterSeconds }),
    ...(error.violatedPolicies === undefined ? {} : { 'violated-policies': [...error.violatedPolicies] }),
  }
}
