// `POST /progress/events`: a batch of events for a receipt each.
import { submitEvents, type SubmitEvents } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'POST',
  path: '/progress/events',
  about: {
    tag: 'Progress',
    summary: 'Send events',
    description: 'A batch of events for a receipt each. Sending a batch again is harmless, for ever.',
  },
  access: 'bearer',
  tier: 'events',
  operation: submitEvents,
  body: submitEvents.request,
  payload: request => request.body as SubmitEvents,
})
