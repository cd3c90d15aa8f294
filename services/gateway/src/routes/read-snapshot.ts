// `GET /progress`: where this user stands; 304 when the caller knows it already.
import { ReadSnapshot, readSnapshot, type Snapshot } from '@cairn/contracts'
import { knownTags, weakTag } from '../http/entity-tags.ts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/progress',
  access: 'bearer',
  tier: 'user',
  operation: readSnapshot,
  query: ReadSnapshot,
  payload: request => ({ ...(request.query as ReadSnapshot), known: knownTags(request.headers['if-none-match']) }),
  cacheControl: 'private, no-cache',
  answer: ({ tag, snapshot }, reply): Snapshot | undefined => {
    reply.header('etag', weakTag(tag))
    if (snapshot !== null) return snapshot
    reply.code(304)
    return undefined
  },
})
