// The services' own database URLs, derived from the migrator's: same server and database, one role each. The passwords follow from the
// migrator's, so that two stacks on one server agree.
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
