// Today's date in an IANA time zone, by the zone data that Node carries (ICU).
import { parseDay } from './day.ts'

/** Undefined when there is no such zone. Offsets (`+02:00`) are none, though Intl would take them. */
export const todayIn = (timeZone: string, nowMs: number): number | undefined => {
  if (!/^[A-Za-z]/.test(timeZone)) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    })
    const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]))
    return parseDay(`${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
