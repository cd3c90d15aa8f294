// What TypeBox finds wrong with a value, by the field it is about. It speaks of objects, by what JSON Schema calls it: a missing field
// is a fault of what it is missing from, an unknown one is a schema that is false.
import type { TLocalizedValidationError } from 'typebox/error'
import type { FieldError } from './errors.ts'

const mostErrors = 10

/** RFC 6901. */
const pointerTo = (path: string, name: string): string => `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** By the path of a field that is one of a few constants: which. */
const choicesOf = (findings: readonly TLocalizedValidationError[]): ReadonlyMap<string, string[]> => {
  const choices = new Map<string, string[]>()
  for (const finding of findings) if (finding.keyword === 'anyOf') choices.set(finding.instancePath, [])
  for (const { keyword, instancePath, params } of findings) {
    if (keyword === 'const') choices.get(instancePath)?.push(JSON.stringify(params.allowedValue))
  }
  return choices
}

const errorsOf = (finding: TLocalizedValidationError, choices: ReadonlyMap<string, string[]>): FieldError[] => {
  const { keyword, instancePath: path, message, params } = finding
  if (keyword === 'required') {
    return params.requiredProperties.map(name => ({ path: pointerTo(path, name), message: 'is required' }))
  }
  if (keyword === 'boolean') return [{ path, message: 'is not known' }]
  // Each of them is a finding of its own.
  if (keyword === 'additionalProperties') return []
  const oneOf = choices.get(path) ?? []
  if (oneOf.length === 0) return [{ path, message }]
  return keyword === 'anyOf' ? [{ path, message: `must be one of ${oneOf.join(', ')}` }] : []
}

/** At most ten. */
export const fieldErrorsOf = (findings: readonly TLocalizedValidationError[]): FieldError[] => {
  const choices = choicesOf(findings)
  const errors: FieldError[] = []
  for (const finding of findings) {
    if (errors.length >= mostErrors) break
    errors.push(...errorsOf(finding, choices))
  }
  return errors.slice(0, mostErrors)
}
