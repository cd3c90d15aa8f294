// Today's date in an IANA time zone, by the zone data that Node carries (ICU).
import { parseDay } from './day.ts'

/**
 * Names that ICU takes besides those of IANA, from the first days of Java, with meanings that few expect: BST is Asia/Dhaka.
 * https://github.com/unicode-org/icu/blob/main/icu4c/source/tools/tzcode/icuzones
 */
const ofIcuAlone =
  /^(?:ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|SystemV\/.*)$/i

/** Undefined when there is no such zone. Offsets (`+02:00`) are none, though Intl would take them. */
export const todayIn = (timeZone: string, nowMs: number): number | undefined => {
  if (!/^[A-Za-z]/.test(timeZone) || ofIcuAlone.test(timeZone)) return undefined
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
