// One bounded call that ends a grant at Apple (TN3194). Apple answers 200 also for a token that is dead already.
import { readBounded } from './read-bounded.ts'

export interface TokenRevocation {
  readonly url: string
  readonly timeoutMs: number
  readonly clientId: string
  readonly clientSecret: string
  /** Apple's refresh token. */
  readonly token: string
}

const maxBytes = 65_536

/** Rejects when Apple did not take it: for a fault of its own, or of our credentials. */
export const revokeToken = async (revocation: TokenRevocation): Promise<void> => {
  const { url, timeoutMs, clientId, clientSecret, token } = revocation
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'error',
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      token,
      token_type_hint: 'refresh_token',
    }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  await readBounded(response, maxBytes)
  if (response.status !== 200) throw new Error(`the revocation was answered with status ${response.status}`)
}
