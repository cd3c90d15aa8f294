// What ended so lately that a token of it may still be within its lifetime: first sessions, then users, page by page. What
// ends while somebody reads reaches them as an event.
import type { Handler } from '@cairn/bus'
import { CairnError, type Denials, type readDenials } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { readDenialsCursor, writeDenialsCursor, type DenialsCursor } from '../domain/denials-cursor.ts'
import { tokenLifeSeconds } from '../domain/token-life.ts'
import { readDeniedUsers, readEndedSessions, type DenialPosition } from '../store/read-denials.ts'

const cursorOf = (text: string | undefined): DenialsCursor | undefined => {
  if (text === undefined) return undefined
  const cursor = readDenialsCursor(text)
  if (cursor === undefined) throw new CairnError('invalid_request', { detail: 'The cursor is none of ours.' })
  return cursor
}

const next = (list: DenialsCursor['list'], last: DenialPosition | undefined): string | null =>
  last === undefined ? null : writeDenialsCursor({ list, at: last.at, id: last.id })

export const handleReadDenials =
  ({ config, pool }: AuthContext): Handler<typeof readDenials> =>
  async ({ cursor: text }): Promise<Denials> => {
    const cursor = cursorOf(text)
    const limit = config.denialsPageSize
    const keepSeconds = tokenLifeSeconds(config)
    const inSessions = cursor?.list !== 'users'
    const sessions = inSessions ? await readEndedSessions(pool, { after: cursor, keepSeconds, limit }) : []
    const ended = sessions.map(({ id, ended_at }) => ({ session_id: id, ended_at: ended_at.toISOString() }))
    if (sessions.length === limit) {
      return { sessions: ended, users: [], next_cursor: next('sessions', sessions.at(-1)) }
    }
    const room = limit - sessions.length
    const after = inSessions ? undefined : cursor
    const users = await readDeniedUsers(pool, { after, keepSeconds, limit: room })
    return {
      sessions: ended,
      users: users.map(({ id, not_after }) => ({ user_id: id, not_after })),
      next_cursor: users.length === room ? next('users', users.at(-1)) : null,
    }
  }
