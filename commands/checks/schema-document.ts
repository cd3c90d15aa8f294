// deploy/schema.sql as a catalogue makes it, and what differs from it.
import { schemaText, type Catalogue } from '@cairn/postgres/catalogue'

export const schemaFile = 'deploy/schema.sql'
const heading = `-- The whole schema, written from the system catalogues by \`npm run check -- --write\`, for people to read and for changes to be
-- seen in. A database is made by the migrations (npm run migrate), never from this file.

`
const mostShown = 20

export const schemaDocument = (catalogue: Catalogue): string => heading + schemaText(catalogue)

/** The lines that only one of them has, at most a few. */
export const differences = (before: string, after: string): string[] => {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const [inOld, inNow] = [new Set(old), new Set(now)]
  const gone = old.filter(line => !inNow.has(line)).map(line => `  - ${line.trim()}`)
  const come = now.filter(line => !inOld.has(line)).map(line => `  + ${line.trim()}`)
  return [...gone, ...come].slice(0, mostShown)
}
