// The migrations of one owner, as files `NNNN-what-it-does.ts`. Names carry no file extension, so that history stays the same
// however the files are run; checksums tell one that was edited. No knex here: services read this too.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface MigrationFile {
  readonly number: number
  readonly name: string
  readonly path: string
  /** SHA-256 in hex, of the text with line feeds alone: a clone on Windows is no edit. */
  readonly checksum: string
}

const fileName = /^(\d{4})-[a-z0-9-]+\.ts$/

export const checksumOf = (text: string): string =>
  createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')

/** Throws for a file that is no migration and for two of one number. */
const numbersOf = (directory: string, files: readonly string[]): Map<number, string> => {
  const numbers = new Map<number, string>()
  for (const file of files) {
    const number = Number(fileName.exec(file)?.[1] ?? Number.NaN)
    if (Number.isNaN(number)) throw new Error(`${join(directory, file)} is not called NNNN-what-it-does.ts`)
    const other = numbers.get(number)
    if (other !== undefined) throw new Error(`${other} and ${file} in ${directory} have the same number`)
    numbers.set(number, file)
  }
  return numbers
}

/** By number. */
export const readMigrationFiles = async (directory: string): Promise<readonly MigrationFile[]> => {
  const files = (await readdir(directory)).filter(file => file.endsWith('.ts')).sort()
  return Promise.all(
    [...numbersOf(directory, files)].map(async ([number, file]) => {
      const path = join(directory, file)
      return { number, name: file.replace(/\.ts$/, ''), path, checksum: checksumOf(await readFile(path, 'utf8')) }
    }),
  )
}
