// Kinds that have a name in PostgreSQL, in the schemas that cross borders, and in TypeScript: proven to be the same. Values are
// compared when the check runs, types when it is compiled.
import type * as auth from '@cairn/auth/rows'
import {
  Device,
  Item,
  LoggedEvent,
  SessionEnded,
  UserSignedOut,
  type DevicePlatform,
  type EventKind,
  type ItemStatus,
} from '@cairn/contracts'
import type { EnumType } from '@cairn/postgres/catalogue'
import type * as progress from '@cairn/progress/rows'

/** Values by the name of the type in PostgreSQL; `internal`: crosses no border, and TypeScript has it from the database. */
export type KnownEnums = Readonly<Record<string, readonly string[] | 'internal'>>

export const knownEnums: KnownEnums = {
  'auth.device_platform': Device.properties.platform.enum,
  'auth.session_end_reason': [...SessionEnded.properties.reason.enum, ...UserSignedOut.properties.reason.enum],
  'auth.signing_key_state': 'internal',
  'progress.event_kind': LoggedEvent.properties.kind.enum,
  'progress.item_status': Item.properties.status.enum,
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type EndReason = SessionEnded['reason'] | UserSignedOut['reason']

/** Does not compile when one of them differs. */
export const sameTypes: readonly [
  Same<DevicePlatform, auth.DevicePlatform>,
  Same<EndReason, auth.SessionEndReason>,
  Same<EventKind, progress.EventKind>,
  Same<ItemStatus, progress.ItemStatus>,
] = [true, true, true, true]

const listed = (values: readonly string[]): string => values.join(', ')

/** What differs, a line each. */
export const enumFaults = (enums: readonly EnumType[], known: KnownEnums): string[] => {
  const names = new Set(enums.map(one => one.name))
  const unknown = enums
    .filter(one => !Object.hasOwn(known, one.name))
    .map(one => `${one.name} has no counterpart in commands/checks/schema-enums.ts`)
  const gone = Object.keys(known)
    .filter(name => !names.has(name))
    .map(name => `${name} is not in the database`)
  const differing = enums.flatMap(({ name, values }) => {
    const others = known[name] ?? 'internal'
    if (others === 'internal' || listed(values) === listed(others)) return []
    return [`${name} is ${listed(values)} in the database and ${listed(others)} in the contract`]
  })
  return [...unknown, ...gone, ...differing]
}
