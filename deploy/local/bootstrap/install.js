// Installs the dependencies when node_modules is absent or belongs to another package-lock.json; once, however many ask at the same time.
// Runs on Node 20 with nothing installed, hence plain JavaScript.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { identify, isAlive } from './process-identity.js'
import { acquireLock } from './process-lock.js'

const oldestNode = [24, 12]
const keptOutputLines = 60

/** Its message is all that a person needs to see. */
export class InstallError extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** @param {string} root */
const stampPath = root => join(root, 'node_modules', '.cairn-installed')

/** @param {string} root */
const lockfileHash = root =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')

/** @param {string} root */
const isStamped = root => existsSync(stampPath(root)) && readFileSync(stampPath(root), 'utf8') === lockfileHash(root)

/** @param {string} root */
const stamp = root => {
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(stampPath(root), lockfileHash(root))
}

/**
 * npm leaves a copy of what it installed in node_modules, as its last act: a person's own `npm ci` needs no second one.
 * @param {string} root
 */
const isInstalledByHand = root => {
  const copy = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(copy)) return false
  /** @type {Record<string, { version?: string, integrity?: string, resolved?: string }>} */
  const installed = JSON.parse(readFileSync(copy, 'utf8')).packages ?? {}
  /** @type {Record<string, { version?: string, integrity?: string, resolved?: string, optional?: boolean }>} */
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages ?? {}
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path]
    if (!path.includes('node_modules/') || (found === undefined && entry.optional === true)) return true
    return (
      found?.version === entry.version && found?.integrity === entry.integrity && found?.resolved === entry.resolved
    )
  })
}

/** @returns {[string, string[]]} the very npm that started us, else the one on the PATH */
const npmCommand = () => {
  const script = process.env['npm_execpath'] ?? ''
  return basename(script) === 'npm-cli.js' && existsSync(script) ? [process.execPath, [script]] : ['npm', []]
}

/** @param {string} root */
const runNpmCi = async root => {
  const [command, args] = npmCommand()
  // NODE_ENV=production must not leave the development tools out.
  const child = spawn(command, [...args, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const identity = child.pid === undefined ? undefined : identify(child.pid)
  if (identity !== undefined) {
    writeFileSync(`${installerPath(root)}.next`, JSON.stringify(identity))
    renameSync(`${installerPath(root)}.next`, installerPath(root))
  }
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output = (output + text).split('\n').slice(-keptOutputLines).join('\n')
    })
  }
  /** @type {NodeJS.Signals | undefined} */
  let stoppedBy
  /** @param {NodeJS.Signals} signal */
  const forward = signal => {
    stoppedBy = signal
    child.kill(signal)
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, forward)
  const failure = await new Promise(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : `npm ci ended with ${signal ?? `exit code ${code}`}`),
    )
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.off(signal, forward)
  if (stoppedBy !== undefined) throw new InstallError('installing was interrupted', 128 + constants.signals[stoppedBy])
  if (failure !== undefined) throw new InstallError(`${output.trim()}\ninstalling dependencies failed: ${failure}`)
}

/**
 * Names the npm of an installation that is not done; what it leaves when it fails must not be taken for a whole one.
 * @param {string} root
 */
const installerPath = root => join(root, '.local', 'install-npm.json')

/**
 * An npm whose bootstrap was killed goes on by itself, and a second one beside it would spoil both.
 * @param {string} root
 */
const waitForOrphanedNpm = async root => {
  const npm = JSON.parse(readFileSync(installerPath(root), 'utf8'))
  while (isAlive(npm)) await pause(100)
}

/**
 * @param {string} root
 * @param {(line: string) => void} say
 */
export const ensureInstalled = async (root, say) => {
  if (isStamped(root)) return
  const release = await acquireLock(join(root, '.local', 'install.lock'), {
    onWait: owner => say(`waiting for process ${owner.pid}, which is installing dependencies`),
  })
  try {
    const isHalfDone = existsSync(installerPath(root))
    if (isHalfDone) await waitForOrphanedNpm(root)
    if (isStamped(root)) return
    if (isHalfDone || !isInstalledByHand(root)) {
      say('installing dependencies (npm ci) …')
      const startedAt = Date.now()
      await runNpmCi(root)
      say(`dependencies installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
    }
    stamp(root)
    rmSync(installerPath(root), { force: true })
  } finally {
    release()
  }
}

/** @param {string} version like v24.12.0 */
const isNewEnough = version => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

/**
 * The Node that runs the commands: the one that npm brought, so that all use the same, else this one if it is new enough.
 * @param {string} root
 */
export const findNode = root => {
  const brought = join(root, 'node_modules', 'node', 'bin', 'node')
  const { stdout } = spawnSync(brought, ['--version'], { encoding: 'utf8' })
  if (isNewEnough(stdout ?? '')) return brought
  if (isNewEnough(process.version)) return process.execPath
  throw new InstallError(
    `Node >= ${oldestNode.join('.')} is needed and ${brought} is not there: npm was told to run no install scripts, so type: npm rebuild node`,
  )
}
