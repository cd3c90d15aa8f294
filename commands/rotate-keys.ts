// `npm run rotate-keys [-- --revoke-previous]`: another key signs access tokens from now on. The one that did is verified until
// its last token is dead; with --revoke-previous its tokens die at once, and their holders refresh.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { operatorVariables } from '@cairn/auth/ask-auth'
import { orderKeyRotation } from '@cairn/auth/rotate-keys'
import { withLocalStack } from '@cairn/local'
import { createLogger, readEnvironment } from '@cairn/runtime'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  const { values } = parseArgs({ options: { 'revoke-previous': { type: 'boolean' } } })
  const { natsUrl } = readEnvironment(operatorVariables, withLocalStack(join(import.meta.dirname, '..'), process.env))
  const { current_key_id: kid } = await orderKeyRotation({
    natsUrl,
    logger: createLogger({ service: 'rotate-keys', level: 'error' }),
    revokePrevious: values['revoke-previous'] ?? false,
    onWait: seconds => say(`the next key is not known everywhere yet; waiting ${seconds} s`),
  })
  say(`key ${kid} signs from now on`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  // A bus that has not answered would keep the process alive.
  process.exit(1)
}
