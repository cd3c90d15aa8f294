// What a page of the log means to somebody who has everything up to a position. Positions of two epochs do not compare.
import type { Head } from '@cairn/contracts'

export interface PageRange {
  readonly epoch: string
  /** The first event of the page; with an empty page this is `to_seq` + 1. */
  readonly from_seq: number
  readonly to_seq: number
}

/** `fits`: exactly the next events. `known`: nothing new. `gap`: something is missing before it, or it overlaps. */
export type Judgement = 'fits' | 'known' | 'gap' | 'other_epoch'

export const judgePage = (position: Head, page: PageRange): Judgement => {
  if (page.epoch !== position.epoch) return 'other_epoch'
  if (page.to_seq <= position.seq) return 'known'
  return page.from_seq === position.seq + 1 ? 'fits' : 'gap'
}
