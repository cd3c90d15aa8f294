// `POST /auth/guest`: an account without an identity; the body may be left out.
import { signInAsGuest, type SignInAsGuest } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/guest',
  about: {
    tag: 'Sign-in',
    summary: 'Sign in as a guest',
    description: 'An account without an identity. The body may be left out.',
  },
  access: 'open',
  tier: 'guest',
  operation: signInAsGuest,
  body: signInAsGuest.request,
  bodyOptional: true,
  payload: request => request.body as SignInAsGuest,
})
