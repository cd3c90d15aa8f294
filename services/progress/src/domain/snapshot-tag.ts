// What a snapshot depends on, as a tag: two answers with the same tag say the same.
import type { Head } from '@cairn/contracts'
import { formatDay } from './day.ts'

/** `today` in days since 1970; opaque to everyone else, and free of the characters that HTTP forbids in an entity tag. */
export const snapshotTag = ({ epoch, seq }: Head, timeZone: string | undefined, today: number): string =>
  encodeURIComponent([epoch, seq, timeZone ?? '', formatDay(today)].join(' ')).replaceAll('%', '~')
