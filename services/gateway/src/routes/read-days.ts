// `GET /progress/days`: active days from one local date to another, both included.
import { readDays, type ReadDays } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/progress/days',
  about: {
    tag: 'Progress',
    summary: 'List active days',
    description: 'The active days from one local date to another, both included.',
  },
  access: 'bearer',
  tier: 'user',
  operation: readDays,
  query: readDays.request,
  payload: request => request.query as ReadDays,
})
