// TypeBox schemas as Fastify's validators: bodies exactly as they are, query strings with whole numbers read as such.
import { fieldErrorsOf } from '@cairn/contracts'
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import type { FastifySchemaCompiler } from 'fastify'

/** More digits than are exact: a bound of the schema refuses those that matter, and where there is none the most is meant. */
const wholeNumber = /^-?\d{1,30}$/

const readNumbers = (query: Record<string, unknown>, schema: TSchema): Record<string, unknown> => {
  const properties = ('properties' in schema ? schema.properties : {}) as Record<string, { type?: string }>
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => {
      const numeric = properties[name]?.type === 'integer' && typeof value === 'string' && wholeNumber.test(value)
      return [name, numeric ? Number(value) : value]
    }),
  )
}

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  return (input: unknown) => {
    const value = httpPart === 'querystring' ? readNumbers(input as Record<string, unknown>, schema) : input
    if (validator.Check(value)) return { value }
    // What is refused here counts like any request that cannot be read, so it has to stay Fastify's own error.
    const faults = fieldErrorsOf(validator.Errors(value)).map(({ path: instancePath, message }) => ({
      instancePath,
      message,
    }))
    return { error: faults as unknown as Error }
  }
}
