// `GET /sessions`: where this user is signed in.
import { listSessions } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/sessions',
  about: { tag: 'Account', summary: 'List sessions', description: 'Where the user is signed in.' },
  access: 'bearer',
  tier: 'user',
  operation: listSessions,
  payload: () => ({}),
})
