// JSON logs on stdout (pino). Each line carries the ids of the request it belongs to, taken from the request context.
import { pino, type DestinationStream, type Logger, type SerializedError } from 'pino'
import { currentRequest } from './request-context.ts'

export type { Logger } from 'pino'

export interface LoggerOptions {
  readonly service: string
  readonly level: string
  /** Where lines go; stdout when left out. */
  readonly destination?: DestinationStream
}

/** Names whose values never reach a log, wherever they stand up to two levels deep. */
const secretNames = [
  'access_token',
  'refresh_token',
  'identity_token',
  'authorization_code',
  'authorization',
  'token',
  'nonce',
  'email',
  'password',
]

const redactPaths = secretNames.flatMap(name => [name, `*.${name}`, `*.*.${name}`])

/** Of a failing row PostgreSQL says the values: whose they are and what they were is not for a log. */
const withoutRow = (error: SerializedError): SerializedError => {
  const { detail: _detail, where: _where, cause, ...rest } = error as SerializedError & Record<string, unknown>
  const { aggregateErrors } = error
  return {
    ...rest,
    ...(cause === undefined ? {} : { cause: withoutRow(cause) }),
    ...(aggregateErrors === undefined ? {} : { aggregateErrors: aggregateErrors.map(withoutRow) }),
  } as SerializedError
}

const errorForLog = (error: unknown): unknown =>
  error instanceof Error ? withoutRow(pino.stdSerializers.errWithCause(error)) : error

/** One logger per service. Lines have `service`, and in a request `request_id`, `trace_id` and `user_hash`. */
export const createLogger = ({ service, level, destination }: LoggerOptions): Logger => {
  const options = {
    level,
    base: { service },
    messageKey: 'message',
    errorKey: 'error',
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: errorForLog },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redactPaths, censor: '[redacted]' },
    mixin: () => {
      const request = currentRequest()
      return request === undefined
        ? {}
        : {
            request_id: request.requestId,
            trace_id: request.trace.traceId,
            ...(request.userHash === undefined ? {} : { user_hash: request.userHash }),
          }
    },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
