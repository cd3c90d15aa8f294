// Accounts for tests, made the way a phone makes them.
import { randomUUID } from 'node:crypto'
import type { Nonce, Session } from '@cairn/contracts'
import { call } from './gateway-client.ts'
import type { Stack } from './stack.ts'

/** Orders an identity token of the local issuer: whatever `POST /token` takes. */
export const orderIdentityToken = async (issuer: string, order: object): Promise<string> => {
  const body = JSON.stringify(order)
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return ((await response.json()) as { identity_token: string }).identity_token
}

export const signInAsGuest = async (stack: Stack): Promise<Session> =>
  (await call<Session>(stack.gatewayUrl, '/api/v1/auth/guest', { method: 'POST' })).body

/** Nonce, identity token, session; a new Apple subject unless one is given. */
export const signInWithApple = async (stack: Stack, sub: string = randomUUID()): Promise<Session> => {
  const { nonce } = (await call<Nonce>(stack.gatewayUrl, '/api/v1/auth/nonce', { method: 'POST' })).body
  const identityToken = await orderIdentityToken(stack.apple.issuer, { sub, nonce })
  const body = { identity_token: identityToken, nonce }
  return (await call<Session>(stack.gatewayUrl, '/api/v1/auth/apple', { method: 'POST', body })).body
}
