// Reads and writes `occurred_at`: RFC 3339 with an offset, cut to the millisecond. Stricter than Date.parse, which takes
// 31 February and times without an offset, and knows only offsets below 24 hours.
import { formatInstant, formatLocal, twoDigits } from './instant.ts'

export interface OccurredAt {
  readonly occurredAtMs: number
  readonly offsetMinutes: number
}

const pattern = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/
const maxOffsetMinutes = 18 * 60

const isDate = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate())

const offsetOf = (sign: string | undefined, hours: number, minutes: number): number | undefined => {
  if (sign === undefined) return 0
  const size = hours * 60 + minutes
  if (minutes > 59 || size > maxOffsetMinutes) return undefined
  return sign === '-' && size !== 0 ? -size : size
}

/** Undefined when the text is no such time, or one before 1970. Leap seconds (`:60`) are refused. */
export const parseOccurredAt = (text: string): OccurredAt | undefined => {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6])]
  if (year < 1969 || !isDate(year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined
  const offsetMinutes = offsetOf(match[9], Number(match[10]), Number(match[11]))
  if (offsetMinutes === undefined) return undefined
  const millisecond = match[7] === undefined ? 0 : Number(match[7].slice(0, 3).padEnd(3, '0'))
  const occurredAtMs = Date.UTC(year, month - 1, day, hour, minute, second, millisecond) - offsetMinutes * 60_000
  return occurredAtMs < 0 ? undefined : { occurredAtMs, offsetMinutes }
}

/** As it was sent, in one spelling: three digits of milliseconds, `Z` for offset 0. */
export const formatOccurredAt = ({ occurredAtMs, offsetMinutes }: OccurredAt): string => {
  if (offsetMinutes === 0) return formatInstant(occurredAtMs)
  const local = formatLocal(occurredAtMs + offsetMinutes * 60_000)
  const size = Math.abs(offsetMinutes)
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${twoDigits[Math.floor(size / 60)]}:${twoDigits[size % 60]}`
}
