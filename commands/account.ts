// `npm run account -- show <user id>`: what auth has of a user. `-- sign-out <user id>`: ends all sessions of that user; their
// devices are told to sign in again. `-- delete <user id> --yes`: deletes the account and all its progress, as if its user had
// asked for it. Exits 1 when there is no such user, or whatever else kept it from being done: the text says which.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { askAuth, operatorVariables, type OperatorEnds } from '@cairn/auth/ask-auth'
import { CairnError, eraseAccount, isUuid, readAccount, signOutAccount, type Account } from '@cairn/contracts'
import { withLocalStack } from '@cairn/local'
import { createLogger, readEnvironment } from '@cairn/runtime'

const usage = 'usage: npm run account -- show <user id> | sign-out <user id> | delete <user id> --yes'
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Order {
  readonly what: 'show' | 'sign-out' | 'delete'
  readonly userId: string
}

const readArguments = () => {
  try {
    return parseArgs({ allowPositionals: true, options: { yes: { type: 'boolean', default: false } } })
  } catch {
    throw new Error(usage)
  }
}

const readOrder = (): Order => {
  const { values, positionals } = readArguments()
  const [what, given = ''] = positionals
  if (positionals.length !== 2 || !isUuid(given)) throw new Error(usage)
  // Apps for Apple's systems may show it in upper case.
  const userId = given.toLowerCase()
  if (what === 'delete' && !values.yes) throw new Error(`this cannot be undone: add --yes, behind the --\n${usage}`)
  if (what === 'delete') return { what, userId }
  if ((what === 'show' || what === 'sign-out') && !values.yes) return { what, userId }
  throw new Error(usage)
}

/** Nothing that a terminal would obey, or show the other way round. */
const plain = (text: string | null | undefined): string => (text ?? '').replaceAll(/\p{C}/gu, '')

const describe = ({ user, sessions }: NonNullable<Account['account']>): void => {
  const who = user.is_guest
    ? 'a guest'
    : ['signs in with Apple', plain(user.display_name), plain(user.email)].filter(Boolean).join(', ')
  say(`${user.id}: ${who}; since ${user.created_at}`)
  for (const { id, device, created_at: begun, last_seen_at: seen } of sessions) {
    const place =
      [plain(device.name), device.platform].filter(Boolean).join(', ') || 'a device that tells nothing of itself'
    say(`  session ${id} on ${place}; begun ${begun}, last refreshed ${seen}`)
  }
  if (sessions.length === 0) say('  signed in nowhere')
}

/** Whether there is such a user. */
const obey = async ({ what, userId }: Order, ends: OperatorEnds): Promise<boolean> =>
  askAuth(ends, async ask => {
    const about = { user_id: userId }
    if (what === 'show') {
      const { account } = await ask(readAccount, about)
      if (account !== null) describe(account)
      return account !== null
    }
    const { found } = await ask(what === 'delete' ? eraseAccount : signOutAccount, about)
    if (found) say(what === 'delete' ? 'deleted; progress is being erased' : 'signed out everywhere')
    return found
  })

/** What somebody who ordered should know of a failure. */
const explained = (error: unknown): string => {
  const code = error instanceof CairnError ? error.code : undefined
  if (code === 'not_found') return 'the auth that answered is older than this command; nothing was done'
  if (code === 'unavailable')
    return 'auth did not answer, so it may have been done or not; it is safe to order it again'
  return error instanceof Error ? error.message : String(error)
}

try {
  const order = readOrder()
  const { natsUrl } = readEnvironment(operatorVariables, withLocalStack(join(import.meta.dirname, '..'), process.env))
  if (!(await obey(order, { natsUrl, logger: createLogger({ service: 'account', level: 'error' }) }))) {
    throw new Error('there is no such user')
  }
} catch (error) {
  process.stderr.write(`${explained(error)}\n`)
  // A bus that has not answered would keep the process alive.
  process.exit(1)
}
