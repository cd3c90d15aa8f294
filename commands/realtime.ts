// `npm run realtime -- notice "<text>"`: a notice to everybody who is connected, on every node. `-- disconnect <user id>`: ends every
// connection of that user; their apps come back by themselves. Exits 1 unless every node that listens has done it.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isUuid } from '@cairn/contracts'
import { withLocalStack } from '@cairn/local'
import { giveOrder, orderVariables, type Order, type OrderOutcome } from '@cairn/realtime/give-order'
import { createLogger, readEnvironment } from '@cairn/runtime'

const usage = 'usage: npm run realtime -- notice "<text of at most 1000 characters>" | disconnect <user id>'
const longestNotice = 1_000
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const readOrder = (): Order => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [kind, given = ''] = positionals
  if (positionals.length !== 2) throw new Error(usage)
  if (kind === 'notice' && given.trim() !== '' && given.length <= longestNotice) return { kind, text: given }
  if (kind === 'disconnect' && isUuid(given)) return { kind, userId: given.toLowerCase() }
  throw new Error(usage)
}

const report = ({ kind }: Order, { answers, unanswered }: OrderOutcome): void => {
  const what = kind === 'notice' ? 'told' : 'disconnected'
  for (const answer of answers) {
    say('code' in answer ? `a node did not do it: ${answer.code}` : `a node ${what} ${answer.connections} connections`)
  }
  if (answers.length === 0 && !unanswered) say('no realtime node listens')
  if (unanswered) say('a node did not answer in time: whether it did it is not known')
  if (unanswered || answers.length === 0 || answers.some(answer => 'code' in answer)) process.exitCode = 1
}

try {
  const order = readOrder()
  const config = readEnvironment(orderVariables, withLocalStack(join(import.meta.dirname, '..'), process.env))
  report(order, await giveOrder({ ...config, logger: createLogger({ service: 'operator', level: 'error' }) }, order))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
// A channel that the bootstrap holds open must not keep a finished run alive.
process.channel?.unref()
