// `POST /auth/guest`: an account without an identity; the body may be left out.
import { signInAsGuest, type SignInAsGuest } from '@cairn/contracts'
import { Type } from 'typebox'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/guest',
  access: 'open',
  operation: signInAsGuest,
  body: Type.Union([signInAsGuest.request, Type.Undefined()]),
  payload: request => (request.body ?? {}) as SignInAsGuest,
})
