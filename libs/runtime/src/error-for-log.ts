// What a log says of an error: what it is, where it happened, its causes. Libraries hang all they know on an error, such as the
// values of a failing row (PostgreSQL) and the arguments of a failing command, a password among them (ioredis): what is not
// known to be harmless is left out.
import { pino, type SerializedError } from 'pino'
import { redactByName } from './redact.ts'

const harmless: ReadonlySet<string> = new Set([
  'type',
  'message',
  'stack',
  'code',
  // Of Cairn.
  'retryAfterSeconds',
  'fingerprint',
  'statement',
  // Of Node.
  'errno',
  'syscall',
  'address',
  'port',
  'hostname',
  'path',
  // Of PostgreSQL.
  'severity',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'routine',
  'position',
  'hint',
  // Of NATS.
  'status',
  'operation',
  'subject',
])

const harmlessOf = (error: SerializedError): object => {
  const { cause, aggregateErrors } = error
  return {
    ...Object.fromEntries(Object.entries(error).filter(([name]) => harmless.has(name))),
    ...(cause === undefined ? {} : { cause: harmlessOf(cause) }),
    ...(aggregateErrors === undefined ? {} : { aggregateErrors: aggregateErrors.map(harmlessOf) }),
  }
}

/** For pino, under the name `error`; what is no error is left as it is. */
export const errorForLog = (error: unknown): unknown =>
  error instanceof Error ? redactByName(harmlessOf(pino.stdSerializers.errWithCause(error))) : error
