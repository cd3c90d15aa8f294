// Instants as text, whole milliseconds of the years 0 to 9999, as Date.prototype.toISOString writes them. That one formats like
// printf does, and took a tenth of what a page of changes costs.
import { dayMs, formatDay } from './day.ts'

const padded = (length: number): readonly string[] =>
  Array.from({ length: 10 ** length }, (_, number) => String(number).padStart(length, '0'))
export const twoDigits = padded(2)
const threeDigits = padded(3)

/** `YYYY-MM-DDThh:mm:ss.sss`, of milliseconds since 1970-01-01T00:00, in whichever zone. */
export const formatLocal = (ms: number): string => {
  const day = Math.floor(ms / dayMs)
  const ofDay = ms - day * dayMs
  const hours = twoDigits[Math.floor(ofDay / 3_600_000)]
  const minutes = twoDigits[Math.floor(ofDay / 60_000) % 60]
  const seconds = twoDigits[Math.floor(ofDay / 1_000) % 60]
  return `${formatDay(day)}T${hours}:${minutes}:${seconds}.${threeDigits[ofDay % 1_000]}`
}

/** RFC 3339 in UTC with milliseconds. */
export const formatInstant = (ms: number): string => `${formatLocal(ms)}Z`
