// Brings a program from apt without installing it: packages are downloaded and unpacked into a private tree and run from there.
// No root is needed, no package script runs, no daemon starts, and nothing of the system changes.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock } from '../../bootstrap/process-lock.js'
import type { Machine } from './machine.ts'
import type { ProgramName, Search } from './programs.ts'
import { findOnPath } from './programs.ts'
import { runTool, type ToolResult } from './run-tool.ts'

export interface AptProgram {
  readonly file: string
  readonly env: Readonly<Record<string, string>>
}

interface AptSearch extends Search {
  readonly name: ProgramName
  readonly works: (candidate: AptProgram) => Promise<boolean>
}

type Apt = (args: readonly string[], directory?: string) => Promise<ToolResult>

/** Found in the tree by name: Debian's multi-architecture directory differs per machine. */
const directoriesWith = (root: string, isWanted: (name: string) => boolean): string[] => {
  const entries = readdirSync(root, { withFileTypes: true, recursive: true })
  return [...new Set(entries.filter(entry => isWanted(entry.name)).map(entry => entry.parentPath))]
}

const programIn = (tree: string, name: ProgramName, machine: Machine): AptProgram | undefined => {
  const file = findOnPath(name, [`${tree}/usr/sbin`, `${tree}/usr/bin`])
  const libraries = directoriesWith(tree, entry => entry.includes('.so'))
  if (file === undefined) return undefined
  // An empty element would mean the working directory.
  return { file, env: { PATH: machine.path, ...(libraries.length > 0 && { LD_LIBRARY_PATH: libraries.join(':') }) } }
}

/** `Inst name (version …)` lines of a simulated installation: the package and whatever of its dependencies the machine lacks. */
const packagesToFetch = (simulation: string): string[] =>
  [...simulation.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+)/gm)].map(([, name, version]) => `${name}=${version}`)

/** The machine's package lists, or lists of our own when those are absent or older than the archive. */
const aptWith = (aptGet: string, { machine, signal }: Search, privateLists: boolean): Apt => {
  const { toolsDirectory } = machine
  const lists = join(toolsDirectory, 'lists')
  const cache = join(toolsDirectory, 'cache')
  const configuration = join(toolsDirectory, 'apt.conf')
  for (const directory of [join(lists, 'partial'), join(cache, 'archives', 'partial')]) {
    mkdirSync(directory, { recursive: true })
  }
  // Hooks are the system's: some images' hooks delete its caches.
  writeFileSync(
    configuration,
    '#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n',
  )
  const options = ['-c', configuration, '-o', 'APT::Sandbox::User=root', '-o', `Dir::Cache=${cache}`]
  if (privateLists) options.push('-o', `Dir::State::Lists=${lists}`, '-o', 'Dir::State::status=/var/lib/dpkg/status')
  const env = {
    ...process.env,
    PATH: `${machine.path}:/usr/sbin:/sbin`,
    LC_ALL: 'C',
    DEBIAN_FRONTEND: 'noninteractive',
  }
  return (args, directory = toolsDirectory) => runTool(aptGet, [...options, ...args], { env, directory, signal })
}

const unpack = async (tree: string, apt: Apt, { name, signal }: AptSearch): Promise<boolean> => {
  const simulation = await apt(['-s', 'install', '--no-install-recommends', name])
  const packages = packagesToFetch(simulation.stdout)
  if (!simulation.succeeded || packages.length === 0) return false
  const downloads = `${tree}.downloads`
  mkdirSync(downloads, { recursive: true })
  const { succeeded } = await apt(['download', ...packages], downloads)
  const archives = readdirSync(downloads).filter(file => file.endsWith('.deb'))
  if (!succeeded || archives.length < packages.length) return false
  for (const archive of archives) {
    const extracted = await runTool('dpkg-deb', ['-x', join(downloads, archive), tree], {
      env: process.env,
      signal,
    })
    if (!extracted.succeeded) return false
  }
  return true
}

const fetchTree = async (tree: string, aptGet: string, search: AptSearch): Promise<void> => {
  const partial = `${tree}.partial`
  const leftovers = [partial, `${partial}.downloads`]
  for (const privateLists of [false, true]) {
    for (const path of leftovers) rmSync(path, { recursive: true, force: true })
    const apt = aptWith(aptGet, search, privateLists)
    // A single source that fails makes the exit code bad although the others are up to date: the next step decides.
    if (privateLists) await apt(['update'])
    const unpacked = await unpack(partial, apt, search)
    const candidate = unpacked ? programIn(partial, search.name, search.machine) : undefined
    if (candidate !== undefined && (await search.works(candidate))) {
      renameSync(partial, tree)
      break
    }
  }
  for (const path of leftovers) rmSync(path, { recursive: true, force: true })
}

/** The program from the private tree, which is filled first if need be; undefined when apt is absent or cannot provide it. */
export const findAptTree = async (search: AptSearch): Promise<AptProgram | undefined> => {
  const { name, machine, say } = search
  const tree = join(machine.toolsDirectory, name)
  if (existsSync(tree)) return programIn(tree, name, machine)
  const aptGet = findOnPath('apt-get', machine.path.split(':'))
  if (aptGet === undefined || machine.platform !== 'linux') return undefined
  const release = await acquireLock(join(machine.toolsDirectory, 'fetch.lock'), {
    onWait: owner => {
      if (owner.pid !== process.pid) say(`waiting for process ${owner.pid}, which is fetching servers from apt`)
    },
  })
  try {
    if (!existsSync(tree)) {
      say(`fetching ${name} from apt into ${tree}`)
      await fetchTree(tree, aptGet, search)
    }
    return existsSync(tree) ? programIn(tree, name, machine) : undefined
  } finally {
    release()
  }
}
