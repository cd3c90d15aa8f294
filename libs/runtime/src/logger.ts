// JSON logs on stdout (pino). Each line carries the ids of the request it belongs to, taken from the request context. The flight
// recorder keeps debug-level lines of every request too, which are written nowhere.
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino'
import { recorderVariables } from './common-variables.ts'
import { readEnvironment } from './environment.ts'
import { FlightRecorder, type RecorderLimits } from './flight-recorder.ts'
import type { Metrics } from './metrics.ts'
import { errorForLog } from './error-for-log.ts'
import { recordingDestination } from './recording-destination.ts'
import { redactByName } from './redact.ts'
import { currentRequest, idsOf } from './request-context.ts'
import { stdoutLines } from './stdout-lines.ts'
import { noTelemetry, type Telemetry } from './telemetry.ts'

/** All that a service says of itself: lines, what the flight recorder remembers of them, and measurements. */
export type Logger = PinoLogger & {
  readonly service: string
  readonly recorder: FlightRecorder
  readonly metrics: Metrics
  /**
   * A debug line of the hot path: where debug lines are not written it is made only when an incident asks for it. `fields` are
   * for it alone: nobody changes them.
   */
  note(fields: object, message: string): void
}

export interface LoggerOptions {
  readonly service: string
  readonly level: string
  /** Where lines go; stdout when left out. */
  readonly destination?: DestinationStream
  /** Bounds of the flight recorder; the defaults of its variables when left out. */
  readonly limits?: RecorderLimits
  /** Nothing is measured or exported when left out. */
  readonly telemetry?: Telemetry
}

const idsOfRequest = (): object => {
  const request = currentRequest()
  return request === undefined ? {} : idsOf(request)
}

/** What pino's own `isoTime` says, made once for all lines of a millisecond. */
const createTimestamp = (): (() => string) => {
  let madeAt = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== madeAt) {
      madeAt = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}

/** One logger per service. Lines have `service`, and in a request `request_id`, `trace_id` and `user_hash`. */
export const createLogger = ({
  service,
  level,
  destination,
  limits,
  telemetry = noTelemetry,
}: LoggerOptions): Logger => {
  const { metrics, exportSpan, exportLine } = telemetry
  const recorder = new FlightRecorder({
    service,
    limits: limits ?? readEnvironment(recorderVariables, {}),
    exportSpan,
  })
  metrics.gauge('cairn.flight_recorder.size', () => recorder.bytes)
  const writesDebug = level === 'debug' || level === 'trace'
  const options = {
    level: recorder.enabled && !writesDebug ? 'debug' : level,
    base: { service },
    messageKey: 'message',
    errorKey: 'error',
    timestamp: createTimestamp(),
    serializers: { error: errorForLog },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => redactByName(fields) as Record<string, unknown>,
    },
    mixin: idsOfRequest,
  }
  const out = destination ?? stdoutLines()
  const logger = pino(options, recordingDestination({ recorder, level, out, exportLine }))
  const note = (fields: object, message: string): void => {
    if (writesDebug) logger.debug(fields, message)
    else if (recorder.enabled) recorder.recordNote(fields, message)
  }
  return Object.assign(logger, { service, recorder, metrics, note })
}
