// `DELETE /me`: deletes the account the access token belongs to, everywhere.
import { deleteMe } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'DELETE',
  path: '/me',
  about: {
    tag: 'Account',
    summary: 'Delete the account',
    description: 'Ends every session and erases everything that is known of the user, everywhere.',
  },
  access: 'bearer',
  tier: 'user',
  operation: deleteMe,
  payload: () => ({}),
  success: 204,
})
