// Small schemas used by several others, each with the rule it stands for, and how a schema is described: descriptions and
// examples are what `openapi.yaml` and the reference page say.
import { Type, type Static, type TSchema } from 'typebox'

/** The same schema with a description in full sentences, and an example where its own would not do. */
export const told = <S extends TSchema>(schema: S, description: string, ...examples: readonly Static<S>[]): S => {
  const about = examples.length === 0 ? { description } : { description, examples }
  // Not spread: what TypeBox knows of a schema (that it is optional, say) is not enumerable.
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema)) as S
  return Object.assign(copy, about)
}

/** RFC 9562 UUID in lower case, any version: what Cairn itself answers. */
export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  examples: ['0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'],
})

const instant = {
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  examples: ['2026-03-14T09:26:53.589Z'],
} as const
const localDate = { pattern: '^\\d{4}-\\d{2}-\\d{2}$', examples: ['2026-03-14'] } as const

/** UTC with milliseconds, as every instant in an answer. */
export const Instant = Type.String(instant)

/** A calendar date without a zone. */
export const LocalDate = Type.String(localDate)

export const Nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** A text or null: `type` says so itself, as tools prefer it. */
export const NullableString = (options: { pattern?: string; description?: string; examples: readonly string[] }) =>
  Type.Unsafe<string | null>({ ...options, type: ['string', 'null'] })
export const NullableInstant = NullableString(instant)
export const NullableDate = NullableString(localDate)

/** A whole number that JSON and JavaScript carry exactly. */
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isUuid = (value: unknown): value is string => typeof value === 'string' && uuidPattern.test(value)
