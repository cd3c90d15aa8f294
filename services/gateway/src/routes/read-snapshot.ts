// `GET /progress`: where this user stands; 304 when the caller knows it already.
import { ReadSnapshot, readSnapshot, Snapshot } from '@cairn/contracts'
import { knownTags, weakTag } from '../http/entity-tags.ts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/progress',
  about: {
    tag: 'Progress',
    summary: 'Read where the user stands',
    description:
      'Totals, streak and tracks, with the head of the log they belong to. Answers 304 when `If-None-Match` has the current tag.',
  },
  access: 'bearer',
  tier: 'user',
  operation: readSnapshot,
  query: ReadSnapshot,
  payload: request => ({ ...(request.query as ReadSnapshot), known: knownTags(request.headers['if-none-match']) }),
  answered: Snapshot,
  entityTag: true,
  cacheControl: 'private, no-cache',
  answer: ({ tag, snapshot }, reply): Snapshot | undefined => {
    reply.header('etag', weakTag(tag))
    if (snapshot !== null) return snapshot
    reply.code(304)
    return undefined
  },
})
