// `POST /auth/apple`: an Apple identity token for a session; with a guest's access token, that guest is upgraded.
import { signInWithApple, type SignInWithApple } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/apple',
  access: 'optional',
  tier: 'apple',
  operation: signInWithApple,
  body: signInWithApple.request,
  payload: request => request.body as SignInWithApple,
})
