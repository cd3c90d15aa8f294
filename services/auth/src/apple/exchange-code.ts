// One bounded exchange of an authorization code for Apple's refresh token: in time, in bytes, without redirects.
import { readBounded } from './read-bounded.ts'

export interface CodeExchangeOptions {
  readonly url: string
  readonly timeoutMs: number
  readonly clientId: string
  readonly clientSecret: string
  readonly code: string
}

const maxBytes = 65_536
const maxTokenLength = 4_096

/** Apple's refresh token, or undefined when Apple will never take this code. Rejects when it may be worth another try. */
export const exchangeCode = async (options: CodeExchangeOptions): Promise<string | undefined> => {
  const { url, timeoutMs, clientId, clientSecret, code } = options
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'error',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      code,
      grant_type: 'authorization_code',
    }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await readBounded(response, maxBytes)
  if (response.status !== 200 && response.status !== 400) {
    throw new Error(`the code was answered with status ${response.status}`)
  }
  const { refresh_token: token, error } = JSON.parse(text) as { refresh_token?: unknown; error?: unknown }
  if (response.status === 400) {
    if (error === 'invalid_grant') return undefined
    // `invalid_client` and the like: ours to put right, not a word of which is to be believed in a log.
    throw new Error('the code was refused for a fault of the client')
  }
  if (typeof token !== 'string' || token === '' || token.length > maxTokenLength) {
    throw new Error('the answer to the code has no refresh token')
  }
  return token
}
