// `GET /progress/tracks/{track_id}`: one track and its items, page by page.
import { readTrack, type ReadTrack } from '@cairn/contracts'
import { Type } from 'typebox'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/progress/tracks/:track_id',
  about: { tag: 'Progress', summary: 'Read a track', description: 'One track and its items, page by page.' },
  refusals: ['not_found'],
  access: 'bearer',
  tier: 'user',
  operation: readTrack,
  params: Type.Pick(readTrack.request, ['track_id']),
  query: Type.Omit(readTrack.request, ['track_id'], { additionalProperties: false }),
  payload: request => ({
    ...(request.query as Omit<ReadTrack, 'track_id'>),
    ...(request.params as Pick<ReadTrack, 'track_id'>),
  }),
})
