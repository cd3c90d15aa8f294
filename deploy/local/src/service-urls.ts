// The services' own URLs. For the database derived from the migrator's: same server and database, one role each. The passwords follow
// from the migrator's, so that two stacks on one server agree. For a private NATS: one of the users of deploy/nats/accounts.conf.
import { createHmac } from 'node:crypto'

export interface ServiceUrls {
  readonly authDatabaseUrl: string
  readonly progressDatabaseUrl: string
}

const forRole = (databaseUrl: string, role: string, fallbackKey: string): string => {
  const url = new URL(databaseUrl)
  const key = url.password === '' ? fallbackKey : decodeURIComponent(url.password)
  url.username = role
  url.password = createHmac('sha256', key).update(role).digest('base64url')
  return url.href
}

/** `fallbackKey` takes the place of the password when the URL has none. */
export const deriveServiceUrls = (databaseUrl: string, fallbackKey: string): ServiceUrls => ({
  authDatabaseUrl: forRole(databaseUrl, 'cairn_auth', fallbackKey),
  progressDatabaseUrl: forRole(databaseUrl, 'cairn_progress', fallbackKey),
})

/** The private server's administrator becomes another user, of the same password; any other URL stays what it is. */
export const deriveNatsUrl = (natsUrl: string, user: string): string => {
  const url = new URL(natsUrl)
  if (url.username !== 'admin' || url.hostname !== '127.0.0.1') return natsUrl
  url.username = user
  return url.href
}
