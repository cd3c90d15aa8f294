// A nonce for one sign-in with Apple: the client gives it (or its hash) to Apple and shows it to us with Apple's answer.
import { randomBytes } from 'node:crypto'
import type { Handler } from '@cairn/bus'
import type { issueNonce } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { insertNonce } from '../store/insert-nonce.ts'
import { nonceHash } from './nonce-hash.ts'

const nonceBytes = 24

export const handleIssueNonce =
  ({ config, pool }: AuthContext): Handler<typeof issueNonce> =>
  async () => {
    const nonce = randomBytes(nonceBytes).toString('base64url')
    const expiresAt = await insertNonce(pool, nonceHash(nonce), config.nonceTtlSeconds)
    return { nonce, expires_at: expiresAt.toISOString() }
  }
