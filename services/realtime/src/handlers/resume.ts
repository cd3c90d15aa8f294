// `resume`: the client says up to where it has the log; it is answered with everything after, or told to start again.
import { frameType, Resume } from '@cairn/contracts'
import { frameHandler } from './frame-handler.ts'

export const resumeHandler = frameHandler(frameType.resume, Resume, async (_context, connection, position) => {
  connection.resume(position)
})
