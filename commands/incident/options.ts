// What the command line asks for.
import { parseArgs } from 'node:util'
import { isIncidentId } from '@cairn/contracts'

export type IncidentOrder =
  | { readonly kind: 'show'; readonly incidentId: string; readonly format: 'text' | 'json' | 'html' }
  | { readonly kind: 'list'; readonly most: number; readonly userId: string | undefined; readonly json: boolean }

export class UsageError extends Error {}

const usage = `usage: npm run incident -- <incident_id> [--json|--html]
       npm run incident -- list [--limit <1..500>] [--user <user_id>] [--json]`

const options = {
  json: { type: 'boolean', default: false },
  html: { type: 'boolean', default: false },
  user: { type: 'string' },
  limit: { type: 'string', default: '20' },
} as const

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`)
  }
}

/** Throws `UsageError`; `--user` alone means `list --user`. */
export const readOrder = (args: readonly string[]): IncidentOrder => {
  const { values, positionals } = parse(args)
  const [what = values.user === undefined ? '' : 'list', ...more] = positionals
  if (what === '' || more.length > 0) throw new UsageError(usage)
  if (what === 'list') {
    const most = /^\d{1,3}$/.test(values.limit) ? Number(values.limit) : 0
    if (most < 1 || most > 500) throw new UsageError(usage)
    return { kind: 'list', most, userId: values.user, json: values.json }
  }
  if (!isIncidentId(what)) throw new UsageError(`"${what}" is no incident id: that is inc_ and 26 letters and digits`)
  const format = values.html ? 'html' : values.json ? 'json' : 'text'
  return { kind: 'show', incidentId: what, format }
}
