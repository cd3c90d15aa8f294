// The one shape of every HTTP error: `application/problem+json` (RFC 9457) with Cairn's members.
import { Type, type Static } from 'typebox'
import { errorKinds, type CairnError, type ErrorCode } from './errors.ts'

export const problemContentType = 'application/problem+json; charset=utf-8'

export const RequestId = Type.String({
  description: 'The id of this request, as in `x-request-id`.',
  examples: ['d2NGEV5f-cZUKLawqRq5Yw'],
})

export const Problem = Type.Object(
  {
    type: Type.String({
      description: 'The stable URI of the kind of error; its last part is `code`.',
      examples: ['https://cairn.dev/errors/invalid_request'],
    }),
    title: Type.String({ description: 'The kind of error in words.', examples: ['The request is not valid'] }),
    status: Type.Integer({ description: 'The HTTP status.', examples: [400] }),
    detail: Type.Optional(
      Type.String({ description: 'What happened this time.', examples: ['The body is not valid JSON.'] }),
    ),
    code: Type.Enum(Object.keys(errorKinds) as ErrorCode[], {
      description: 'What to act on. Codes are never renamed.',
      examples: ['invalid_request'],
    }),
    request_id: RequestId,
    incident_id: Type.Optional(
      Type.String({
        description: 'What support needs to find the cause, on 5xx alone.',
        examples: ['inc_01J9Z3K8Q4V6W8X0Y2Z4A6B8C0'],
      }),
    ),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({
            description: 'A JSON pointer to the value, in the body or among the parameters.',
            examples: ['/refresh_token'],
          }),
          message: Type.String({ description: 'What is wrong with it.', examples: ['must be string'] }),
        }),
        { description: 'Faults by field, on 400 alone.' },
      ),
    ),
    retry_after: Type.Optional(
      Type.Integer({ description: 'Whole seconds to wait, as in `retry-after`, on 429 and 503.', examples: [37] }),
    ),
    'violated-policies': Type.Optional(
      Type.Array(Type.String(), {
        description: 'The limits that were reached, as named in `ratelimit-policy`, on 429 alone.',
        examples: [['user']],
      }),
    ),
  },
  { description: 'An error, as in RFC 9457.' },
)
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
