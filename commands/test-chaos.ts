// `npm run test:chaos [-- --seed N]`: two replicas of every service under load, and every fault of every service and server, about
// four minutes. The seed is printed; with the same one the same things happen in the same order.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { seed: { type: 'string' } } })
const env = { ...process.env, CHAOS_SIZE: 'full', ...(values.seed !== undefined && { CHAOS_SEED: values.seed }) }
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'test.ts'), 'e2e/chaos.e2e.ts'], {
  stdio: 'inherit',
  env,
})
process.exitCode = status ?? 1
process.channel?.unref()
