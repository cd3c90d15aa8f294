// Migrations made up by a test, in a directory of their own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryMigrations {
  readonly directory: string
  /** `body` may use `knex`. */
  write(name: string, body: string, rest?: string): Promise<void>
  remove(): Promise<void>
}

export const createMigrations = async (): Promise<TemporaryMigrations> => {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-migrations-'))
  return {
    directory,
    write: (name, body, rest = '') =>
      writeFile(join(directory, `${name}.ts`), `export const up = async knex => {\n${body}\n}\n${rest}\n`),
    remove: () => rm(directory, { recursive: true }),
  }
}
