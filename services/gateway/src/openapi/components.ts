// The named schemas of the contract, and how one schema refers to another: wherever a named one stands within another, `openapi.yaml`
// has a reference.
import * as contracts from '@cairn/contracts'
import type { TSchema } from 'typebox'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** What crosses the HTTP border under its own name; a new one is a line here. */
const named = {
  AppleNotification: contracts.AppleNotification,
  ChangesPage: contracts.ChangesPage,
  Day: contracts.Day,
  DayList: contracts.DayList,
  Device: contracts.Device,
  Event: contracts.Event,
  Head: contracts.Head,
  Item: contracts.Item,
  KeySet: contracts.KeySet,
  LogOut: contracts.LogOut,
  LoggedEvent: contracts.LoggedEvent,
  Me: contracts.Me,
  Nonce: contracts.Nonce,
  Problem: contracts.Problem,
  PublicKey: contracts.PublicKey,
  Receipt: contracts.Receipt,
  RefreshSession: contracts.RefreshSession,
  Session: contracts.Session,
  SessionList: contracts.SessionList,
  SessionSummary: contracts.SessionSummary,
  SignInAsGuest: contracts.SignInAsGuest,
  SignInWithApple: contracts.SignInWithApple,
  Snapshot: contracts.Snapshot,
  Streak: contracts.Streak,
  SubmitEvents: contracts.SubmitEvents,
  SubmitResult: contracts.SubmitResult,
  Totals: contracts.Totals,
  Track: contracts.Track,
  TrackList: contracts.TrackList,
  TrackPage: contracts.TrackPage,
  User: contracts.User,
} as const satisfies Record<string, TSchema>

const plain = (schema: TSchema): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject

/** By content, since an optional property is a copy. */
const names = new Map(Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]))

export const reference = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` })

const withReferences = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withReferences)
  if (typeof value !== 'object' || value === null) return value
  const schema = value as JsonObject
  const name = names.get(JSON.stringify(schema)) ?? (schema['title'] === 'Event' ? 'Event' : undefined)
  return name === undefined ? inside(schema) : reference(name)
}

const inside = (schema: JsonObject): JsonObject => {
  const parts = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withReferences(value)]))
  // Generators of clients want to be told the obvious.
  return Array.isArray(parts['enum']) && parts['type'] === undefined ? { type: 'string', ...parts } : parts
}

/** As it stands in the document: a reference if it has a name. */
export const schemaOf = (schema: TSchema): JsonObject => withReferences(plain(schema)) as JsonObject

export const componentSchemas = (): JsonObject =>
  Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, inside(plain(schema))]))

/** An example put together from those of its parts. */
export const exampleOf = (schema: TSchema | JsonObject): Json => {
  const { examples, properties, items, title } = schema as JsonObject
  if (Array.isArray(examples)) return (examples as Json[])[0] ?? null
  if (title === 'Event') return exampleOf(contracts.Event)
  if (properties !== undefined) {
    const parts = Object.entries(properties as JsonObject).map(([key, part]) => [key, exampleOf(part as JsonObject)])
    return Object.fromEntries(parts) as Json
  }
  return items === undefined ? null : [exampleOf(items as JsonObject)]
}
