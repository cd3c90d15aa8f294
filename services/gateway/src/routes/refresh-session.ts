// `POST /auth/refresh`: a refresh token for the next pair of tokens.
import { refreshSession, type RefreshSession } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/refresh',
  about: {
    tag: 'Sign-in',
    summary: 'Refresh a session',
    description:
      'A refresh token for the next pair of tokens. The previous token is good again when an answer was lost; one that is dead ends the session.',
  },
  refusals: ['token_invalid'],
  access: 'open',
  tier: 'refresh',
  operation: refreshSession,
  body: refreshSession.request,
  payload: request => request.body as RefreshSession,
})
