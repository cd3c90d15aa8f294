// Signing in through an API that may lose any answer.
import type { Nonce, Session } from '@cairn/contracts'
import { orderIdentityToken } from '../accounts.ts'
import type { Ask, PatientApi } from './patient-api.ts'

/** What is to succeed in the end; rejects when the answer is an error. */
export const succeed = async <Body>(api: PatientApi, question: Ask): Promise<Body> => {
  const answer = await api.ask(question)
  if (answer.status >= 300) throw new Error(`${question.method} ${question.path}: ${JSON.stringify(answer)}`)
  return answer.body as Body
}

export const signInAsGuest = (api: PatientApi): Promise<Session> =>
  succeed<Session>(api, { method: 'POST', path: '/auth/guest' })

/** A nonce is good once, so after an answer that was lost it begins anew. */
export const signInWithApple = async (api: PatientApi, appleIssuer: string, sub: string): Promise<Session> => {
  for (;;) {
    const { nonce } = await succeed<Nonce>(api, { method: 'POST', path: '/auth/nonce' })
    const identityToken = await orderIdentityToken(appleIssuer, { sub, nonce })
    const body = { identity_token: identityToken, nonce }
    const answer = await api.ask({ method: 'POST', path: '/auth/apple', body })
    if (answer.status < 300) return answer.body as Session
    if (!answer.inDoubt) throw new Error(`signing in with Apple: ${JSON.stringify(answer)}`)
  }
}
