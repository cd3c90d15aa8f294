// A NATS server for each test file, since subjects are one space for all who share a server. It can be stopped and started
// again, to see what happens to the services meanwhile.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Backend } from '@cairn/local'
import { inject } from 'vitest'
import { provideProvisionedNats } from './provisioned-nats.ts'

/**
 * A private NATS server with Cairn's streams, or the one that NATS_URL names; then `server` is undefined, for it is not ours to
 * stop.
 */
export const startTestBus = (): Promise<Backend> => {
  const { directory, environment } = inject('backends')
  const own = join(directory, `nats-${randomBytes(4).toString('hex')}`)
  return provideProvisionedNats({ directory: own, env: environment, say: () => undefined })
}
