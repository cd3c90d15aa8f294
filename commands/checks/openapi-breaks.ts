// What breaks clients of the released contract, held against the entries under "Breaking" in CHANGELOG.md: each names what it is
// about, an operation, a path or a component, in backticks, and excuses that and nothing else.
import { parse } from 'yaml'

/** As `redocly diff --format json` tells it, as far as it matters here. */
interface Change {
  readonly path: string
  readonly impact: string
  readonly verdicts: readonly { readonly message: string; readonly location: Place }[]
  readonly base?: Place
  readonly revision?: Place
}
/** `pointer` is a JSON pointer behind a `#`. */
interface Place {
  readonly pointer: string
}

export interface Contracts {
  readonly changelog: string
  readonly released: string
  readonly current: string
}

/** The entries under "Breaking" of what is not released yet, one line each. */
const declaredBreaks = (changelog: string): string[] => {
  const unreleased = changelog.split(/^## /m).find(part => part.startsWith('Unreleased')) ?? ''
  const section = unreleased.split(/^### /m).find(part => part.startsWith('Breaking')) ?? ''
  const [, ...entries] = section.split(/^- /m)
  return entries.map(entry => entry.trim().replaceAll(/\s+/g, ' '))
}

const namesIn = (entry: string): string[] => [...entry.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

const keysOf = (value: unknown): string[] => Object.keys(value ?? {})

/** What an entry may name of a document. */
const namesOf = (document: string): string[] => {
  const { paths, components } = parse(document) as Record<'paths' | 'components', Record<string, object> | undefined>
  const operations = Object.entries(paths ?? {}).flatMap(([path, item]) =>
    keysOf(item).map(method => `${method.toUpperCase()} ${path}`),
  )
  return [...keysOf(paths), ...operations, ...Object.values(components ?? {}).flatMap(keysOf)]
}

/** What a place is part of: `#/paths/~1me/delete/…` of `DELETE /me`, `#/components/schemas/Me/…` of `Me`. */
const nameOf = (pointer: string): string => {
  const [, part, ...rest] = pointer.split('/').map(one => one.replaceAll('~1', '/').replaceAll('~0', '~'))
  const [first = '', second] = rest
  if (part !== 'paths') return second ?? pointer
  return second === undefined ? first : `${second.toUpperCase()} ${first}`
}

const namesOfChange = ({ path, verdicts, base, revision }: Change): string[] => {
  const places = [base, revision, ...verdicts.map(({ location }) => location)].filter(place => place !== undefined)
  return [path, ...places.map(({ pointer }) => pointer)].map(nameOf)
}

/** Entries that name nothing there is or was, and breaks that no entry names, in lines. `report` is what the comparison said. */
export const undeclaredBreaks = (report: string, { changelog, released, current }: Contracts): string[] => {
  const entries = declaredBreaks(changelog)
  const known = new Set([released, current].flatMap(namesOf))
  const nameless = entries.filter(entry => !namesIn(entry).some(name => known.has(name)))
  const declared = new Set(entries.flatMap(namesIn))
  const { changes } = JSON.parse(report) as { changes: readonly Change[] }
  const broken = changes
    .filter(({ impact }) => impact === 'major')
    .filter(change => !namesOfChange(change).some(name => declared.has(name)))
    .map(({ path, verdicts }) => `${nameOf(path)}: ${verdicts.map(({ message }) => message).join(' ')}`)
  return [
    ...nameless.map(entry => `CHANGELOG.md, "### Breaking": names no operation and no schema in backticks: ${entry}`),
    ...broken,
    ...(broken.length === 0
      ? []
      : ['clients of the released API break: keep it, or name it under "### Breaking" in CHANGELOG.md']),
  ]
}
