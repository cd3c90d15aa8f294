// `GET /progress/tracks`: all tracks, last touched first, page by page.
import { readTracks, type ReadTracks } from '@cairn/contracts'
import { defineRoute } from '../http/route.ts'

export default defineRoute({
  method: 'GET',
  path: '/progress/tracks',
  about: { tag: 'Progress', summary: 'List tracks', description: 'Tracks, last touched first, page by page.' },
  access: 'bearer',
  tier: 'user',
  operation: readTracks,
  query: readTracks.request,
  payload: request => request.query as ReadTracks,
})
