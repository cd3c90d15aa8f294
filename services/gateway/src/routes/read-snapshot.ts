// `GET /progress`: where this user stands.
import { readSnapshot, type ReadSnapshot } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/progress',
  access: 'bearer',
  operation: readSnapshot,
  query: readSnapshot.request,
  payload: request => request.query as ReadSnapshot,
})
