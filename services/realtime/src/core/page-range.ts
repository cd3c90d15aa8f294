// Which part of a log a page on the bus is, read from its beginning: a page is passed on as it came, and nothing else of it matters
// here. A page that is written in another order is parsed.
import type { ChangesPage } from '@cairn/contracts'
import type { PageRange } from '../domain/judge-page.ts'
import { ownText } from './own-text.ts'

const beginning = /^\{"epoch":"([^"\\]{1,128})","from_seq":(\d{1,15}),"to_seq":(\d{1,15})[,}]/

const isSeq = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const rangeOfBeginning = (text: string): PageRange | undefined => {
  const [, epoch, from, to] = beginning.exec(text) ?? []
  return epoch === undefined ? undefined : { epoch: ownText(epoch), from_seq: Number(from), to_seq: Number(to) }
}

/** Undefined when it is no page. */
export const rangeOfText = (text: string): PageRange | undefined => {
  const range = text.endsWith('}') ? rangeOfBeginning(text) : undefined
  if (range !== undefined) return range
  try {
    const { epoch, from_seq, to_seq } = JSON.parse(text) as Partial<ChangesPage>
    return typeof epoch === 'string' && isSeq(from_seq) && isSeq(to_seq) ? { epoch, from_seq, to_seq } : undefined
  } catch {
    return undefined
  }
}
