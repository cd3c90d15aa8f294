// Where a reader of denials stands: in one of two lists, after the entry with this instant and id.

export interface DenialsCursor {
  readonly list: 'sessions' | 'users'
  /** UTC, with microseconds. */
  readonly at: string
  readonly id: string
}

const pattern =
  /^(sessions|users)\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export const writeDenialsCursor = ({ list, at, id }: DenialsCursor): string => `${list}/${at}/${id}`

/** Undefined for anything but a cursor of ours. */
export const readDenialsCursor = (text: string): DenialsCursor | undefined => {
  const [, list, at, id] = pattern.exec(text) ?? []
  if (at === undefined || id === undefined || Number.isNaN(Date.parse(at))) return undefined
  return { list: list === 'users' ? 'users' : 'sessions', at, id }
}
