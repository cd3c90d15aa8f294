// `DELETE /me`: deletes the account the access token belongs to, everywhere.
import { deleteMe } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'DELETE',
  path: '/me',
  access: 'bearer',
  tier: 'user',
  operation: deleteMe,
  payload: () => ({}),
  success: 204,
})
