// Postgres refuses to run as root: under root it runs as a user that exists already and owns nothing else of ours.
import { dirname } from 'node:path'
import { LocalStackError } from '../local-stack-error.ts'
import { runTool } from './run-tool.ts'

export interface UnprivilegedUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const candidates = ['postgres', 'nobody'] as const

const idOf = async (option: '-u' | '-g', name: string): Promise<number | undefined> => {
  const { succeeded, stdout } = await runTool('id', [option, name], { env: process.env })
  const id = Number(stdout.trim())
  return succeeded && Number.isInteger(id) && id > 0 ? id : undefined
}

export const findUnprivilegedUser = async (): Promise<UnprivilegedUser> => {
  for (const name of candidates) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)])
    if (uid !== undefined && gid !== undefined) return { name, uid, gid }
  }
  throw new LocalStackError(
    `PostgreSQL does not run as root and there is neither a user ${candidates.join(' nor ')}; start Cairn as an ordinary user, or set DATABASE_URL`,
  )
}

/** Asked by trying, as that user, since modes, access lists and mounts all have a say. */
export const canEnter = async (user: UnprivilegedUser, directory: string): Promise<boolean> => {
  const env = { PATH: '/usr/bin:/bin' }
  return (await runTool('sh', ['-c', 'test -d "$1" && test -x "$1"', 'sh', directory], { env, user })).succeeded
}

/** The directories on the way to `directory`, itself included, that keep the user out. */
export const closedDirectories = async (user: UnprivilegedUser, directory: string): Promise<readonly string[]> => {
  const parent = dirname(directory)
  const above = parent === directory ? [] : await closedDirectories(user, parent)
  // Behind a closed door nothing can be tried: the first one found is the one to name.
  return above.length > 0 || (await canEnter(user, directory)) ? above : [directory]
}
