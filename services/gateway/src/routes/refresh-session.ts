// `POST /auth/refresh`: a refresh token for the next pair of tokens.
import { refreshSession, type RefreshSession } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/refresh',
  access: 'open',
  tier: 'refresh',
  operation: refreshSession,
  body: refreshSession.request,
  payload: request => request.body as RefreshSession,
})
