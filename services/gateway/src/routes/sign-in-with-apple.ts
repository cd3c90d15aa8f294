// `POST /auth/apple`: an Apple identity token for a session; with a guest's access token, that guest is upgraded.
import { signInWithApple, type SignInWithApple } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/apple',
  about: {
    tag: 'Sign-in',
    summary: 'Sign in with Apple',
    description:
      'An Apple identity token for a session. With the access token of a guest, the identity is attached to that guest, unless it has an account already.',
  },
  refusals: ['token_invalid', 'identity_taken'],
  access: 'optional',
  tier: 'apple',
  operation: signInWithApple,
  body: signInWithApple.request,
  payload: request => request.body as SignInWithApple,
})
