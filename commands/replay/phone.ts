// A phone for each user of a replay: signs in through the local Apple issuer with a subject that is the same every time.
import { createCairnClient, type CairnClient } from '@cairn/client'

export interface PhoneOptions {
  readonly gatewayUrl: string
  /** The local Apple issuer. */
  readonly appleUrl: string
}

/** Sign-ins from one address are limited by the minute, and several replays may run at once. */
const maxWaitMs = 120_000

const orderIdentityToken = async (appleUrl: string, order: object): Promise<string> => {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${appleUrl}/token`, {
    method: 'POST',
    headers,
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(10_000),
  })
  if (!answer.ok) throw new Error(`the Apple issuer answered ${answer.status}`)
  return ((await answer.json()) as { identity_token: string }).identity_token
}

/** Rejects when the gateway or the issuer cannot be reached or refuses. */
export const signInPhone = async (user: string, { gatewayUrl, appleUrl }: PhoneOptions): Promise<CairnClient> => {
  const phone = createCairnClient({ gatewayUrl, realtimeUrl: gatewayUrl, maxWaitMs })
  const { nonce } = await phone.issueNonce()
  const identityToken = await orderIdentityToken(appleUrl, { sub: `replay-${user}`, nonce })
  await phone.signInWithApple({ identity_token: identityToken, nonce, device: { name: 'replay', platform: 'other' } })
  return phone
}
