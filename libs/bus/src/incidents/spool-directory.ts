// A directory for this user alone, inside one that others may use as well: a volume that belongs to root and a group, a place
// that a stranger made first. Named by the user's number, and never trusted without a look.
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, type Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** In bytes and milliseconds since 1970. */
export interface SpoolEntry {
  readonly name: string
  readonly size: number
  readonly modifiedAt: number
}

/** How many files are looked at together, between what else the process has to do. */
const batchSize = 100

export const ownUid = (): number => process.geteuid?.() ?? 0

/** Throws unless it is a directory, no link to one, that this user alone may look into. */
const assertOurs = (path: string): void => {
  const found = lstatSync(path)
  const ours = found.isDirectory() && found.uid === ownUid() && (found.mode & 0o077) === 0
  if (!ours) throw new Error(`${path} is not a directory that this user alone may use`)
}

const entryOf = (name: string, found: Stats | undefined): SpoolEntry[] =>
  found?.isFile() === true ? [{ name, size: found.size, modifiedAt: found.mtimeMs }] : []

const oldestFirst = (entries: SpoolEntry[]): SpoolEntry[] =>
  entries.toSorted((one, other) => one.modifiedAt - other.modifiedAt)

export class SpoolDirectory {
  readonly path: string
  readonly #parent: string

  constructor(parent: string) {
    this.#parent = parent
    this.path = join(parent, String(ownUid()))
  }

  /** Makes it where it is missing. Throws when that cannot be, or when somebody else was here first. */
  claim(): void {
    // Each user of the machine makes a directory in it, and removes nobody else's. Not by `mode`, of which the umask takes.
    if (mkdirSync(this.#parent, { recursive: true, mode: 0o755 }) !== undefined) chmodSync(this.#parent, 0o1777)
    try {
      mkdirSync(this.path, { mode: 0o700 })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    assertOurs(this.path)
  }

  /** What is in it, oldest first; nothing when it is not there or not ours. */
  async entries(): Promise<SpoolEntry[]> {
    try {
      assertOurs(this.path)
      const names = await readdir(this.path)
      const entries: SpoolEntry[] = []
      for (let at = 0; at < names.length; at += batchSize) {
        const looks = names.slice(at, at + batchSize).map(async name => {
          const found = await lstat(join(this.path, name)).catch(() => undefined)
          return entryOf(name, found)
        })
        entries.push(...(await Promise.all(looks)).flat())
      }
      return oldestFirst(entries)
    } catch {
      return []
    }
  }

  /** The same at once, for a process that begins or is about to end. */
  entriesNow(): SpoolEntry[] {
    try {
      assertOurs(this.path)
      const look = (name: string): SpoolEntry[] =>
        entryOf(name, lstatSync(join(this.path, name), { throwIfNoEntry: false }))
      return oldestFirst(readdirSync(this.path).flatMap(look))
    } catch {
      return []
    }
  }

  /** What a process that died while writing left behind. Never throws. */
  removeUnfinished(olderThanMs: number): void {
    for (const { name, modifiedAt } of this.entriesNow()) {
      if (!name.endsWith('.new') || Date.now() - modifiedAt < olderThanMs) continue
      try {
        rmSync(join(this.path, name), { force: true })
      } catch {
        // A disk that takes nothing now; it counts as used.
      }
    }
  }
}
