// A report for the terminal: the cause in the first lines, then what led to it.
import type { IncidentReport, TimelineEntry, WaterfallBar } from './incident-report.ts'
import type { SimilarIncidents } from './similar-incidents.ts'

export interface ReportContext {
  readonly similar: SimilarIncidents
  /** Where the trace is in a backend of the operator's own. */
  readonly traceUrl: string | undefined
}

const barWidth = 40
const mostSimilar = 5
const wholeMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`

const causeLines = ({ cause }: IncidentReport): string[] => {
  if (cause === undefined) return ['cause    no error was recorded; see the time line']
  const code = cause.code === undefined ? '' : ` [${cause.code}]`
  const lines = [`cause    ${cause.service}: ${cause.name}: ${cause.message}${code}`]
  if (cause.statement !== undefined) lines.push(`         in the SQL statement ${cause.statement}`)
  lines.push(`         while: ${cause.while}`, ...cause.stack.map(frame => `         ${frame}`))
  for (const outer of cause.wrapped_by) lines.push(`         became ${outer}`)
  return lines
}

const requestLines = ({ request, failures, overflow }: IncidentReport): string[] => {
  const { route, status, ms, user_hash: userHash } = request
  const after = ms === undefined ? '' : ` after ${wholeMs(ms)}`
  const answered = status === undefined ? 'no answer recorded' : `${status}${after}`
  const versions = Object.entries(request.versions).map(([service, version]) => `${service} ${version}`)
  const lines = [
    `request  ${route} → ${answered}`,
    `         request_id ${request.request_id}  trace_id ${request.trace_id ?? 'none'}  user_hash ${userHash ?? 'none'}`,
    `         ${versions.join(' · ')}`,
  ]
  if (failures > 1) lines.push(`         shared by ${failures} failures${overflow ? ' of several kinds: a flood' : ''}`)
  return lines
}

const waterfallLines = (waterfall: readonly WaterfallBar[]): string[] => {
  const end = waterfall.reduce((most, bar) => Math.max(most, bar.offsetMs + bar.ms), 1)
  const first = waterfall.reduce((least, bar) => Math.min(least, bar.offsetMs), end)
  const scale = barWidth / Math.max(end - first, 0.001)
  return waterfall.map(bar => {
    const from = Math.min(barWidth - 1, Math.floor((bar.offsetMs - first) * scale))
    const length = Math.max(1, Math.min(barWidth - from, Math.round(bar.ms * scale)))
    const drawn = `${' '.repeat(from)}${'█'.repeat(length)}`.padEnd(barWidth)
    const failed = bar.error === undefined ? '' : `  ✗ ${bar.error}`
    return `  ${drawn} ${wholeMs(bar.ms).padStart(9)}  ${'  '.repeat(bar.depth)}${bar.service}: ${bar.name}${failed}`
  })
}

const fieldsText = (fields: TimelineEntry['fields']): string =>
  Object.entries(fields)
    .map(([name, value]) => {
      const short = name === 'error' ? (value as { message?: string }).message : value
      return `${name}=${typeof short === 'string' ? short : JSON.stringify(short)}`
    })
    .join(' ')

const timelineLines = (timeline: readonly TimelineEntry[]): string[] => {
  const width = timeline.reduce((most, { service }) => Math.max(most, service.length), 0)
  return timeline.map(({ offsetMs, service, level, message, fields }) => {
    const at = `+${offsetMs.toFixed(0)}`.padStart(8)
    return `${at}  ${service.padEnd(width)}  ${level.padEnd(5)}  ${message}  ${fieldsText(fields)}`.trimEnd()
  })
}

const similarLines = ({ fingerprint }: IncidentReport, { count, incidents }: SimilarIncidents): string[] => {
  if (count === 0) return [`similar  none in the last 24 h (fingerprint ${fingerprint})`]
  return [
    `similar  ${count} in the last 24 h (fingerprint ${fingerprint}), the latest:`,
    ...incidents.slice(0, mostSimilar).map(one => `         ${one.incident_id}  ${one.opened_at}`),
  ]
}

/** Lines without their newlines. */
export const renderText = (report: IncidentReport, { similar, traceUrl }: ReportContext): string[] => [
  `${report.incident_id}  ${report.code}  ${report.opened_at}`,
  ...causeLines(report),
  '',
  ...requestLines(report),
  ...(traceUrl === undefined ? [] : [`trace    ${traceUrl}`]),
  ...(report.related.length === 0 ? [] : [`related  ${report.related.join(' ')}`]),
  ...similarLines(report, similar),
  '',
  'waterfall',
  ...waterfallLines(report.waterfall),
  '',
  'time line, in ms',
  ...timelineLines(report.timeline),
  ...(report.dropped_records === 0 ? [] : [`  ${report.dropped_records} older records were dropped`]),
]
