// A directory for this user alone, inside one that others may use as well: a volume that belongs to root and a group, a place
// that a stranger made first. Named by the user's number, and never trusted without a look.
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** In bytes and milliseconds since 1970. */
export interface SpoolEntry {
  readonly name: string
  readonly size: number
  readonly modifiedAt: number
}

export const ownUid = (): number => process.geteuid?.() ?? 0

/** Throws unless it is a directory, no link to one, that this user alone may look into. */
const assertOurs = (path: string): void => {
  const found = lstatSync(path)
  const ours = found.isDirectory() && found.uid === ownUid() && (found.mode & 0o077) === 0
  if (!ours) throw new Error(`${path} is not a directory that this user alone may use`)
}

export class SpoolDirectory {
  readonly path: string
  readonly #parent: string

  constructor(parent: string) {
    this.#parent = parent
    this.path = join(parent, String(ownUid()))
  }

  /** Makes it where it is missing. Throws when that cannot be, or when somebody else was here first. */
  claim(): void {
    mkdirSync(this.#parent, { recursive: true, mode: 0o700 })
    try {
      mkdirSync(this.path, { mode: 0o700 })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    assertOurs(this.path)
  }

  /** What is in it, oldest first; nothing when it is not there or not ours. */
  entries(): SpoolEntry[] {
    try {
      assertOurs(this.path)
      return readdirSync(this.path)
        .flatMap(name => {
          const found = lstatSync(join(this.path, name), { throwIfNoEntry: false })
          return found?.isFile() === true ? [{ name, size: found.size, modifiedAt: found.mtimeMs }] : []
        })
        .toSorted((one, other) => one.modifiedAt - other.modifiedAt)
    } catch {
      return []
    }
  }

  /** What a process that died while writing left behind. Never throws. */
  removeUnfinished(olderThanMs: number): void {
    for (const { name, modifiedAt } of this.entries()) {
      if (!name.endsWith('.new') || Date.now() - modifiedAt < olderThanMs) continue
      try {
        rmSync(join(this.path, name), { force: true })
      } catch {
        // A disk that takes nothing now; it counts as used.
      }
    }
  }
}
