// `GET /sessions`: where this user is signed in.
import { listSessions } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/sessions',
  access: 'bearer',
  tier: 'user',
  operation: listSessions,
  payload: () => ({}),
})
