// Who may import whom. Imports are read from the text of every source file, since TypeScript 7 offers no compiler API; the
// number read is checked too, so that a reader gone blind does not pass.
import { readFile } from 'node:fs/promises'
import { glob } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'

export interface Import {
  /** Path of the importing file, relative to the root. */
  readonly file: string
  readonly specifier: string
}

interface Package {
  readonly directory: string
  readonly name: string
  readonly dependencies: ReadonlySet<string>
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g
const fewestImports = 100

export const importsIn = (file: string, text: string): Import[] =>
  [...text.matchAll(importPattern)].map(match => ({ file, specifier: match[1] ?? match[2] ?? '' }))

const readPackage = async (root: string, directory: string): Promise<Package> => {
  const text = await readFile(join(root, directory, 'package.json'), 'utf8')
  const { name, dependencies, devDependencies } = JSON.parse(text) as Record<
    'dependencies' | 'devDependencies',
    object
  > & {
    name: string
  }
  return { directory, name, dependencies: new Set(Object.keys({ ...dependencies, ...devDependencies })) }
}

const packageNameOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const isTest = (file: string): boolean => /\.(test|e2e)\.ts$|\/test\//.test(file)
const inside = (path: string, directory: string): boolean => directory === '' || path.startsWith(`${directory}${sep}`)

const relativeFault = ({ file, specifier }: Import, owner: Package): string | undefined => {
  const target = relative('.', resolve(dirname(file), specifier))
  if (!inside(target, owner.directory)) return 'leaves its package by a relative path'
  const fromDomain = file.includes('/src/domain/') && !isTest(file)
  return fromDomain && !target.includes('/src/domain/')
    ? 'domain may import nothing but domain and contracts'
    : undefined
}

const packageFault = (
  { file, specifier }: Import,
  owner: Package,
  services: ReadonlySet<string>,
): string | undefined => {
  const name = packageNameOf(specifier)
  const builtin = isBuiltin(specifier)
  if (file.startsWith('libs/client/src') && builtin) return 'the client uses no Node built-ins'
  if (file.startsWith('libs/contracts/src') && builtin && !isTest(file)) return 'contracts do no I/O'
  if (file.includes('/src/domain/') && !isTest(file) && name !== '@cairn/contracts') {
    return 'domain may import nothing but domain and contracts'
  }
  if (builtin) return specifier.startsWith('node:') ? undefined : `write node:${specifier}`
  if (name === owner.name) return undefined
  if (services.has(name) && owner.directory.startsWith('services')) return 'a service never imports a service'
  if (services.has(name) && owner.directory.startsWith('libs') && owner.directory !== 'libs/testkit') {
    return 'libs never import services'
  }
  if (name === '@cairn/testkit' && !isTest(file)) return 'the test kit is for tests'
  if (owner.dependencies.has(name)) return undefined
  return isTest(file) && (name === 'vitest' || name === 'fast-check' || name === '@cairn/testkit')
    ? undefined
    : `${name} is not in ${join(owner.directory, 'package.json')}`
}

/** Faults of the given imports, a line each. */
export const judgeImports = (imports: readonly Import[], packages: readonly Package[]): string[] => {
  const services = new Set(packages.filter(one => one.directory.startsWith('services')).map(one => one.name))
  const ownerOf = (file: string): Package =>
    packages.reduce((best, one) =>
      inside(file, one.directory) && one.directory.length >= best.directory.length ? one : best,
    )
  return imports.flatMap(one => {
    const owner = ownerOf(one.file)
    const fault = one.specifier.startsWith('.') ? relativeFault(one, owner) : packageFault(one, owner, services)
    return fault === undefined ? [] : [`${one.file}: '${one.specifier}': ${fault}`]
  })
}

/** Reads every import of the project below `root` and judges it. */
export const checkImports = async (root: string): Promise<string[]> => {
  const imports: Import[] = []
  const patterns = ['{libs,services,deploy,commands,e2e,bench}/**/*.{ts,js}', '*.ts']
  for await (const file of glob(patterns, { cwd: root, exclude: path => path.includes('node_modules') })) {
    imports.push(...importsIn(file, await readFile(join(root, file), 'utf8')))
  }
  const packages: Package[] = []
  for await (const file of glob(['package.json', '{libs,services}/*/package.json', 'deploy/local/package.json'], {
    cwd: root,
  })) {
    packages.push(await readPackage(root, dirname(file) === '.' ? '' : dirname(file)))
  }
  const faults = judgeImports(
    imports,
    packages.toSorted((a, b) => a.directory.length - b.directory.length),
  )
  if (imports.length < fewestImports) faults.push(`only ${imports.length} imports were read: the reader is broken`)
  return faults
}
