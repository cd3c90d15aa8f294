// A logger whose lines tests can look at: nothing secret may be in them, and what should be logged is.
import { createLogger, noTelemetry, type Logger, type Telemetry } from '@cairn/runtime'

export interface CapturedLogs {
  readonly lines: string[]
  /** A logger that writes here, under the service's name. */
  loggerFor(service: string): Logger
}

export const captureLogs = (level = 'debug', telemetry: Telemetry = noTelemetry): CapturedLogs => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { lines, loggerFor: service => createLogger({ service, level, destination, telemetry }) }
}
