// `POST /auth/logout`: ends the session of the access token, or of the refresh token in the body.
import { logOut, type LogOut } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/auth/logout',
  about: {
    tag: 'Sign-in',
    summary: 'Log out',
    description:
      'Ends the session of the access token, or of the refresh token in the body, also when it is over already. Beside a refresh token, an access token that is not valid (any more) is ignored.',
  },
  refusals: ['token_invalid'],
  access: 'ending',
  namedInBody: request => (request.body as LogOut).refresh_token !== undefined,
  tier: 'logout',
  operation: logOut,
  body: logOut.request,
  bodyOptional: true,
  payload: request => request.body as LogOut,
  success: 204,
})
