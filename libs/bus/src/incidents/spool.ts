// Parts of incidents on disk, while the bus cannot take them: a file each, written whole or not at all, bounded in sum. Any
// process that finds one there delivers it, so a crashed process need not come back for its own.
import { constants, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

export interface SpooledPart {
  readonly subject: string
  /** By which the stream knows it if it was delivered before. */
  readonly id: string
  readonly payload: string
}

const extension = '.part.json'
const mode = constants.S_IRUSR | constants.S_IWUSR

export class Spool {
  readonly #directory: string
  readonly #maxBytes: number
  #bytes = 0

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory
    this.#maxBytes = maxBytes
  }

  /** Rejects when the disk is full, the spool is, or its directory is not ours. */
  async write(part: SpooledPart): Promise<void> {
    const { text, target } = this.#prepare(part)
    await writeFile(`${target}.new`, text, { mode, flag: 'wx' })
    await rename(`${target}.new`, `${target}${extension}`)
  }

  /** The same, for a process that is about to end. */
  writeNow(part: SpooledPart): void {
    const { text, target } = this.#prepare(part)
    writeFileSync(`${target}.new`, text, { mode, flag: 'wx' })
    renameSync(`${target}.new`, `${target}${extension}`)
  }

  /** Names of what waits, oldest first. None when there is no such directory. */
  async list(): Promise<string[]> {
    let names: string[]
    try {
      names = (await readdir(this.#directory)).filter(name => name.endsWith(extension)).sort()
    } catch {
      return []
    }
    const sizes = await Promise.all(
      names.map(name =>
        stat(join(this.#directory, name)).then(
          found => found.size,
          () => 0,
        ),
      ),
    )
    this.#bytes = sizes.reduce((sum, size) => sum + size, 0)
    return names
  }

  /** Undefined when another process was faster, or what stands there is no part. */
  async read(name: string): Promise<SpooledPart | undefined> {
    try {
      const { subject, id, payload } = JSON.parse(await readFile(join(this.#directory, name), 'utf8')) as SpooledPart
      const whole = [subject, id, payload].every(field => typeof field === 'string')
      return whole ? { subject, id, payload } : undefined
    } catch {
      return undefined
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { force: true })
  }

  #prepare(part: SpooledPart): { text: string; target: string } {
    const text = JSON.stringify(part)
    if (this.#bytes + text.length > this.#maxBytes) throw new Error('the spool of incidents is full')
    this.#claimDirectory()
    this.#bytes += text.length
    return { text, target: join(this.#directory, `${Date.now()}-${randomUUID()}`) }
  }

  /** In a directory that others may write to, somebody could have been here first. */
  #claimDirectory(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const found = lstatSync(this.#directory)
    const ours = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
    if (!ours) throw new Error(`${this.#directory} is not a directory that this user alone may write to`)
  }
}

/** What a process that died while writing left behind. */
export const removeUnfinished = (directory: string, olderThanMs: number): void => {
  let names: string[]
  try {
    names = readdirSync(directory).filter(name => name.endsWith('.new'))
  } catch {
    return
  }
  for (const name of names) {
    const path = join(directory, name)
    const modifiedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - modifiedAt > olderThanMs) rmSync(path, { force: true })
  }
}
