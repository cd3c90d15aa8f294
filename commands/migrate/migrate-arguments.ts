// What `npm run migrate` is asked for.
import { parseArgs } from 'node:util'

export const usage =
  'usage: npm run migrate [-- [--to <number> [--owner <schema>]] [--set-passwords]]  |  npm run migrate -- status'

export interface MigrateArguments {
  readonly status: boolean
  readonly upTo: number | undefined
  /** All of them when undefined. */
  readonly owner: string | undefined
  /** Of roles that are there already. */
  readonly setPasswords: boolean
}

/** Throws with the usage. */
export const readMigrateArguments = (args: readonly string[], owners: readonly string[]): MigrateArguments => {
  const options = {
    to: { type: 'string' },
    owner: { type: 'string' },
    'set-passwords': { type: 'boolean', default: false },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const refuse = (why: string): never => {
    throw new Error(`${why}\n${usage}`)
  }
  if (positionals.length > 1 || positionals.some(one => one !== 'status')) refuse('there is no such thing to do')
  if (values.to !== undefined && !/^\d{1,4}$/.test(values.to)) refuse('--to wants the number of a migration')
  if (values.owner !== undefined && !owners.includes(values.owner)) refuse(`--owner is one of ${owners.join(', ')}`)
  const status = positionals.length === 1
  if (status && args.length > 1) refuse('status takes nothing else: the schema is looked at as a whole')
  return {
    status,
    upTo: values.to === undefined ? undefined : Number(values.to),
    owner: values.owner,
    setPasswords: values['set-passwords'],
  }
}
