// `DELETE /sessions/{id}`: ends one of this user's sessions, this one included.
import { endSession } from '@cairn/contracts'
import { Type } from 'typebox'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'DELETE',
  path: '/sessions/:id',
  about: {
    tag: 'Account',
    summary: 'End a session',
    description: 'Ends one of the user’s sessions. It is refused everywhere within a second.',
  },
  refusals: ['not_found'],
  access: 'bearer',
  tier: 'user',
  operation: endSession,
  params: Type.Object({ id: endSession.request.properties.session_id }),
  payload: request => ({ session_id: (request.params as { id: string }).id }),
  success: 204,
})
