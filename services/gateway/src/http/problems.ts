// Every error leaves here: one shape, ids always, causes into the log and never into the answer.
import {
  CairnError,
  errorKinds,
  header,
  problemContentType,
  problemOf,
  toCairnError,
  type FieldError,
} from '@cairn/contracts'
import { currentRequest, newRequestId, type Incidents } from '@cairn/runtime'
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'

/** Named as owners do, who cannot tell the query from the body. */
const fieldErrors = (faults: readonly FastifySchemaValidationError[]): FieldError[] =>
  faults.map(fault => ({ path: fault.instancePath, message: fault.message ?? 'is not valid' }))

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('FST_')

/** Fastify's own errors in terms of the catalogue. */
const fromFastify = (error: FastifyError): CairnError => {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new CairnError('payload_too_large')
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new CairnError('unsupported_media_type')
  if (error.validation !== undefined) {
    return new CairnError('invalid_request', { errors: fieldErrors(error.validation) })
  }
  const clientsFault = error.statusCode !== undefined && error.statusCode < 500
  return clientsFault
    ? new CairnError('invalid_request', { detail: 'The request could not be parsed.' })
    : new CairnError('internal', { cause: error })
}

/** Whatever was thrown, in terms of the catalogue. */
export const toPublicError = (thrown: unknown): CairnError => {
  if (isFastifyError(thrown)) return fromFastify(thrown)
  const parserFault = thrown instanceof SyntaxError
  return parserFault
    ? new CairnError('invalid_request', { detail: 'The body is not valid JSON.' })
    : toCairnError(thrown)
}

const openIncident = ({ request }: FastifyReply, error: CairnError, incidents: Incidents): string =>
  incidents.open({
    code: error.code,
    route: `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
    error: error.cause ?? error,
    fingerprint: error.fingerprint,
    message: 'request failed',
  })

/** Answers `thrown` as a problem; a 5xx gets an incident id and is logged once, with its cause. */
export const sendProblem = (reply: FastifyReply, thrown: unknown, incidents: Incidents): FastifyReply => {
  const error = toPublicError(thrown)
  const { status } = errorKinds[error.code]
  const requestId = currentRequest()?.requestId ?? newRequestId()
  const incidentId = status >= 500 ? openIncident(reply, error, incidents) : undefined
  if (incidentId !== undefined) reply.header(header.incidentId, incidentId)
  if (status === 401) reply.header('www-authenticate', 'Bearer error="invalid_token"')
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  return reply
    .code(status)
    .header(header.requestId, requestId)
    .header('cache-control', 'no-store')
    .type(problemContentType)
    .send(problemOf(error, requestId, incidentId))
}

/** For Fastify's hooks: also reached by errors from before a route was found. */
export const problemHandler =
  (incidents: Incidents) =>
  (error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendProblem(reply, error, incidents)
