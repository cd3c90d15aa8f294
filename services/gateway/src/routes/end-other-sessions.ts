// `DELETE /sessions`: ends every session of this user but the one that asks.
import { endOtherSessions } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'DELETE',
  path: '/sessions',
  about: {
    tag: 'Account',
    summary: 'End all other sessions',
    description: 'Ends every session of the user but the one that asks.',
  },
  access: 'bearer',
  tier: 'user',
  operation: endOtherSessions,
  payload: () => ({}),
  success: 204,
})
