// A server that a variable names: used as it is, after a look whether it answers. Messages never hold the password.
import { LocalStackError } from '../local-stack-error.ts'
import type { Answer } from './answers.ts'

const hostAndPort = (url: string): string => {
  const parsed = URL.parse(url.split(',')[0] ?? '')
  return parsed === null || parsed.host === '' ? 'an unreadable address' : parsed.host
}

const reasonOf = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string }
  // ECONNREFUSED and the like, or Postgres's five-character SQLSTATE; free text might quote the URL.
  if (code !== undefined && /^[A-Z0-9_]{5,}$/.test(code)) return code
  return /auth|password|permission|WRONGPASS/i.test(message ?? '') ? 'the login was refused' : 'no connection'
}

/** Throws one `LocalStackError` that names the variable, host and port when the server does not let us in. */
export const checkGivenUrl = async (variable: string, url: string, answers: Answer): Promise<void> => {
  try {
    await answers(url)
  } catch (error) {
    throw new LocalStackError(`${variable} names ${hostAndPort(url)}, which cannot be used: ${reasonOf(error)}`)
  }
}
