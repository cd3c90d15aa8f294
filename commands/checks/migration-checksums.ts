// `deploy/migrations.sha256`: what every migration was when it landed, as sha256sum writes and checks it. A new one is added by
// `npm run check -- --write`; one that differs is never written over, since databases may have it already.
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { findOwners, readMigrationFiles } from '@cairn/postgres/migrate'

const recordFile = 'deploy/migrations.sha256'

const readRecord = async (root: string): Promise<Map<string, string>> => {
  const text = await readFile(join(root, recordFile), 'utf8').catch(() => '')
  const lines = text.split('\n').filter(line => line !== '')
  return new Map(lines.map(line => [line.slice(66), line.slice(0, 64)]))
}

const readMigrations = async (root: string): Promise<Map<string, string>> => {
  const owners = findOwners(join(root, 'services'), 'postgresql://nobody@nowhere/none', {})
  const files = (await Promise.all(owners.map(owner => readMigrationFiles(owner.directory)))).flat()
  return new Map(files.map(({ path, checksum }) => [relative(root, path), checksum]))
}

/** What is wrong, a line each. */
export const checkMigrationChecksums = async (root: string, { write }: { write: boolean }): Promise<string[]> => {
  const [recorded, found] = await Promise.all([readRecord(root), readMigrations(root)])
  const faults = [...recorded].flatMap(([file, checksum]) => {
    if (found.get(file) === checksum) return []
    const what = found.has(file) ? 'was edited' : 'is gone'
    return [
      `${file} ${what}: databases that have it would refuse it. Undo that and write a new migration; if it has landed nowhere, remove its line from ${recordFile}`,
    ]
  })
  const added = [...found].filter(([file]) => !recorded.has(file))
  if (added.length > 0 && write) {
    const lines = [...recorded, ...added].toSorted(([a], [b]) => (a < b ? -1 : 1))
    await writeFile(join(root, recordFile), lines.map(([file, checksum]) => `${checksum}  ${file}\n`).join(''))
  } else faults.push(...added.map(([file]) => `${file} is not in ${recordFile}: run npm run check -- --write`))
  return faults
}
