// Log lines as OpenTelemetry's log records: those that are written, after whatever is secret was taken out of them.
import { logs, SeverityNumber } from '@opentelemetry/api'
import type { Telemetry } from '@cairn/runtime'

/** Pino's levels by tens. */
const severities: readonly SeverityNumber[] = [
  SeverityNumber.UNSPECIFIED,
  SeverityNumber.TRACE,
  SeverityNumber.DEBUG,
  SeverityNumber.INFO,
  SeverityNumber.WARN,
  SeverityNumber.ERROR,
  SeverityNumber.FATAL,
]

export const lineExport = (): NonNullable<Telemetry['exportLine']> => {
  const logger = logs.getLogger('cairn')
  return (level, line) => {
    const { message, time, level: severityText, ...fields } = JSON.parse(line) as Record<string, string>
    logger.emit({
      severityNumber: severities[level / 10] ?? SeverityNumber.UNSPECIFIED,
      severityText: severityText ?? '',
      body: message ?? '',
      timestamp: Date.parse(time ?? ''),
      attributes: fields,
    })
  }
}
