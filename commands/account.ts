// `npm run account -- show <user id>`: what auth has of a user. `-- sign-out <user id>`: ends all sessions of that user; their
// devices are told to sign in again. `-- delete <user id> --yes`: deletes the account and all its progress, as if its user had
// asked for it. Exits 1 when there is no such user.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { askAuth, type OperatorEnds } from '@cairn/auth/ask-auth'
import { eraseAccount, isUuid, readAccount, signOutAccount, type Account } from '@cairn/contracts'
import { withLocalStack } from '@cairn/local'
import { createLogger, readEnvironment, variable } from '@cairn/runtime'

const usage = 'usage: npm run account -- show <user id> | sign-out <user id> | delete <user id> --yes'
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Order {
  readonly what: 'show' | 'sign-out' | 'delete'
  readonly userId: string
}

const readOrder = (): Order => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { yes: { type: 'boolean' } } })
  const [what, userId = ''] = positionals
  if (positionals.length !== 2 || !isUuid(userId)) throw new Error(usage)
  if (what === 'delete' && values.yes !== true) throw new Error(`this cannot be undone: add --yes\n${usage}`)
  if (what === 'show' || what === 'sign-out' || what === 'delete') return { what, userId }
  throw new Error(usage)
}

const describe = ({ user, sessions }: NonNullable<Account['account']>): void => {
  const who = user.is_guest
    ? 'a guest'
    : ['signs in with Apple', user.display_name, user.email].filter(Boolean).join(', ')
  say(`${user.id}: ${who}; since ${user.created_at}`)
  for (const { id, device, created_at: begun, last_seen_at: seen } of sessions) {
    const place = [device.name, device.platform].filter(Boolean).join(', ') || 'a device that tells nothing of itself'
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

try {
  const order = readOrder()
  const { natsUrl } = readEnvironment(
    { natsUrl: variable.natsUrl('NATS_URL', { description: 'the bus that auth listens on' }) },
    withLocalStack(join(import.meta.dirname, '..'), process.env),
  )
  if (!(await obey(order, { natsUrl, logger: createLogger({ service: 'account', level: 'error' }) }))) {
    throw new Error('there is no such user')
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  // A bus that has not answered would keep the process alive.
  process.exit(1)
}
