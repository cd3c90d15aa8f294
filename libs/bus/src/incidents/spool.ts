// Parts of incidents on disk, while the bus cannot take them: a file for each subject, written whole or not at all, bounded in
// number and sum. Any process of the same user that finds one there delivers it, so a crashed process need not come back for its own.
import { createHash, randomUUID } from 'node:crypto'
import { constants, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { IncidentPart, subjectOfPart } from '@cairn/contracts'
import { Compile } from 'typebox/compile'
import { ownUid, SpoolDirectory, type SpoolEntry } from './spool-directory.ts'
import { SpoolUsage, type SpoolLimits } from './spool-usage.ts'

export interface SpooledPart {
  readonly subject: string
  /** By which the stream knows it if it was delivered before. */
  readonly id: string
  readonly payload: string
}

/** What stands in a file. The subject does not: it follows from the payload. */
interface SpooledFile {
  readonly id: string
  readonly payload: string
  /** Milliseconds since 1970, from which on whoever wrote it has nothing newer to say. */
  readonly settled_at: number
}

export interface FoundPart extends SpooledPart {
  readonly settledAt: number
}

export interface SpoolOptions extends SpoolLimits {
  readonly directory: string
  readonly unfinishedAfterMs: number
}

const extension = '.part.json'
const mode = constants.S_IRUSR | constants.S_IWUSR
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const validator = Compile(IncidentPart)

/** What is written later about the same subject replaces what stands there. */
export const spoolNameOf = (subject: string): string =>
  `${createHash('sha256').update(subject).digest('hex').slice(0, 32)}${extension}`

const partIn = (text: string): FoundPart | undefined => {
  const { id, payload, settled_at: settledAt } = JSON.parse(text) as SpooledFile
  if (typeof id !== 'string' || typeof payload !== 'string' || typeof settledAt !== 'number') return undefined
  const part: unknown = JSON.parse(payload)
  return validator.Check(part) ? { subject: subjectOfPart(part), id, payload, settledAt } : undefined
}

export class Spool {
  readonly #directory: SpoolDirectory
  readonly #usage: SpoolUsage
  #looking: Promise<SpoolEntry[]> | undefined

  constructor({ directory, unfinishedAfterMs, ...limits }: SpoolOptions) {
    this.#directory = new SpoolDirectory(directory)
    this.#usage = new SpoolUsage(limits)
    this.#directory.removeUnfinished(unfinishedAfterMs)
  }

  /** Rejects when the disk is full, the spool is, or its directory is not ours. Others leave the part alone until `settledAt`. */
  async write(part: SpooledPart, settledAt: number): Promise<void> {
    if (this.#usage.isStale) await this.#look()
    const { text, bytes, from, to } = this.#prepare(part, settledAt)
    try {
      await writeFile(from, text, { mode, flag: 'wx' })
      await rename(from, to)
    } catch (error) {
      this.#usage.takeBack(bytes)
      await rm(from, { force: true }).catch(() => undefined)
      throw error
    }
  }

  /** The same, for a process that is about to end. */
  writeNow(part: SpooledPart): void {
    if (this.#usage.isStale) this.#usage.measure()(this.#directory.entriesNow())
    const { text, bytes, from, to } = this.#prepare(part, Date.now())
    try {
      writeFileSync(from, text, { mode, flag: 'wx' })
      renameSync(from, to)
    } catch (error) {
      this.#usage.takeBack(bytes)
      try {
        rmSync(from, { force: true })
      } catch {
        // What was wrong with writing is what there is to say.
      }
      throw error
    }
  }

  /** What waits, oldest first. None when there is no such directory, or it is not ours. */
  async list(): Promise<SpoolEntry[]> {
    return (await this.#look()).filter(({ name }) => name.endsWith(extension))
  }

  /** By the moment: what was written while it was listed is not in the list. */
  has(name: string): boolean {
    return existsSync(join(this.#directory.path, name))
  }

  /** Undefined when what stands there is no part (any more). */
  async read(name: string): Promise<FoundPart | undefined> {
    let file: FileHandle | undefined
    try {
      file = await open(join(this.#directory.path, name), readFlags)
      const found = await file.stat()
      return found.isFile() && found.uid === ownUid() ? partIn(await file.readFile('utf8')) : undefined
    } catch {
      return undefined
    } finally {
      await file?.close()
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#directory.path, name), { force: true })
  }

  #prepare({ id, payload, subject }: SpooledPart, settledAt: number) {
    const text = JSON.stringify({ id, payload, settled_at: settledAt } satisfies SpooledFile)
    const bytes = Buffer.byteLength(text)
    this.#directory.claim()
    this.#usage.add(bytes)
    const to = join(this.#directory.path, spoolNameOf(subject))
    return { text, bytes, from: `${to}.${randomUUID()}.new`, to }
  }

  /** Once at a time: all who need it wait for the same. */
  #look(): Promise<SpoolEntry[]> {
    this.#looking ??= this.#measure().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #measure(): Promise<SpoolEntry[]> {
    const found = this.#usage.measure()
    const entries = await this.#directory.entries()
    found(entries)
    return entries
  }
}
