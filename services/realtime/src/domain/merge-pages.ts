// One page out of several that follow each other, as the log's owner would have given it at the end of the last: all events,
// and of everything they touched the latest state.
import type { ChangesPage, Item, Track } from '@cairn/contracts'

const itemKey = ({ track_id, item_id }: Item): string => `${track_id}\0${item_id}`

/**
 * `pages` continue `since` without a gap and end where `last` does; with none of them the page is empty, and `last` is the
 * newest page, from which it takes totals and streak.
 */
export const mergePages = (since: number, pages: readonly ChangesPage[], last: ChangesPage): ChangesPage => {
  const items = new Map<string, Item>()
  const tracks = new Map<string, Track>()
  for (const page of pages) {
    for (const item of page.items) items.set(itemKey(item), item)
    for (const track of page.tracks) tracks.set(track.track_id, track)
  }
  return {
    epoch: last.epoch,
    from_seq: since + 1,
    to_seq: last.to_seq,
    events: pages.flatMap(page => page.events),
    items: [...items.values()],
    tracks: [...tracks.values()],
    totals: last.totals,
    streak: last.streak,
    head: { epoch: last.epoch, seq: last.to_seq },
    has_more: false,
  }
}
