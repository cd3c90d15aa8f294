// `DELETE /sessions/{id}`: ends one of this user's sessions, this one included.
import { endSession } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'DELETE',
  path: '/sessions/:id',
  access: 'bearer',
  tier: 'user',
  operation: endSession,
  payload: request => ({ session_id: (request.params as { id: string }).id }),
  success: 204,
})
