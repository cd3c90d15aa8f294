// The public signing keys. From memory: verifiers can start while the database is down.
import type { Handler } from '@cairn/bus'
import type { readKeySet } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'

export const handleReadKeySet =
  ({ keys }: AuthContext): Handler<typeof readKeySet> =>
  () =>
    Promise.resolve(keys.signing.keySet)
