// `GET /progress/changes`: what happened after `since`, page by page.
import { readChanges, type ReadChanges } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/progress/changes',
  about: {
    tag: 'Progress',
    summary: 'Read what changed',
    description: 'The events after `since`, and the current state of everything they touched, page by page.',
  },
  refusals: ['resync_required'],
  access: 'bearer',
  tier: 'user',
  operation: readChanges,
  query: readChanges.request,
  payload: request => request.query as ReadChanges,
})
