// Each fault names a field, as whoever wrote the request knows it.
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { fieldErrorsOf } from './field-errors.ts'

const schema = Type.Object(
  {
    name: Type.String(),
    count: Type.Integer({ minimum: 1 }),
    'a/b~c': Type.Optional(Type.Object({ id: Type.String() }, { additionalProperties: false })),
    kind: Type.Optional(Type.Union([Type.Literal('guest'), Type.Literal('apple')])),
    label: Type.Optional(Type.Union([Type.String({ maxLength: 2 }), Type.Null()])),
    list: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 1 })),
  },
  { additionalProperties: false },
)
const validator = Compile(schema)
const good = { name: 'x', count: 1 }

it.each<[unknown, object[]]>([
  [
    {},
    [
      { path: '/name', message: 'is required' },
      { path: '/count', message: 'is required' },
    ],
  ],
  [
    { ...good, more: 1, count: 0 },
    [
      { path: '/more', message: 'is not known' },
      { path: '/count', message: 'must be >= 1' },
    ],
  ],
  [{ ...good, 'a/b~c': {} }, [{ path: '/a~1b~0c/id', message: 'is required' }]],
  [{ ...good, kind: 'other' }, [{ path: '/kind', message: 'must be one of "guest", "apple"' }]],
  [[], [{ path: '', message: 'must be object' }]],
])('%j', (value, faults) => {
  expect(fieldErrorsOf(validator.Errors(value))).toEqual(faults)
})

it('names a field whose value fits none of several types', () => {
  const faults = fieldErrorsOf(validator.Errors({ ...good, label: 5 }))
  expect(new Set(faults.map(({ path }) => path))).toEqual(new Set(['/label']))
})

it('says ten things at most', () => {
  const names = Array.from({ length: 100 }, (_one, index) => `field-${index}`)
  const wide = Compile(Type.Object(Object.fromEntries(names.map(name => [name, Type.String()]))))
  expect(fieldErrorsOf(wide.Errors({}))).toHaveLength(10)
})
