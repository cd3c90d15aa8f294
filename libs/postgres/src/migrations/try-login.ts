// Whether a service could log in with its URL, asked from where the migrator is. That may be another network, behind another line of
// pg_hba.conf, or all connections of the role are taken: only that the password is wrong is an answer.
import pg from 'pg'

/** Neither: it works. Both in the server's words. */
export interface LoginOutcome {
  readonly refused?: string
  readonly unknown?: string
}

const wrongPassword = '28P01'
const timeoutMs = 5_000

export const tryLogin = async (serviceUrl: string): Promise<LoginOutcome> => {
  const client = new pg.Client({ connectionString: serviceUrl, connectionTimeoutMillis: timeoutMs })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return {}
  } catch (error) {
    // Several addresses that do not answer have no message in common.
    const { message, code } = error as NodeJS.ErrnoException
    return code === wrongPassword ? { refused: message } : { unknown: message || String(code) }
  } finally {
    await client.end().catch(() => undefined)
  }
}
