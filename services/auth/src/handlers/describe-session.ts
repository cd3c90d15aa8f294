// A session as the outside sees it, with what its device calls itself.
import type { Device, SessionSummary } from '@cairn/contracts'
import type { ListedSession } from '../store/list-sessions.ts'

const deviceOf = ({ device_id: id, device_name: name, device_platform: platform }: ListedSession): Device => ({
  ...(id === null ? {} : { id }),
  ...(name === null ? {} : { name }),
  ...(platform === null ? {} : { platform }),
})

export const describeSession = (session: ListedSession): Omit<SessionSummary, 'current'> => ({
  id: session.id,
  device: deviceOf(session),
  created_at: session.created_at.toISOString(),
  last_seen_at: session.last_seen_at.toISOString(),
})
