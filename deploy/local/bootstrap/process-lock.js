// A lock between processes: a file that names its owner, made by link(2), so that it exists whole or not at all.
// A lock whose owner died is taken over, and only under a second lock of the same kind, so that two cannot take it at once.
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { identify, isAlive } from './process-identity.js'

/** @typedef {import('./process-identity.js').ProcessIdentity & { readonly token: string }} Owner */

const pollMs = 50

/** Thrown when the time to wait is over and the owner still lives. */
export class LockHeld extends Error {
  /** @param {Owner} owner */
  constructor(owner) {
    super(`held by process ${owner.pid}`)
    this.name = 'LockHeld'
    this.owner = owner
  }
}

/** The lock's file or directory cannot be used by this user: no wait would help. Its message is all that a person needs to see. */
export class LockUnusable extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message)
    this.name = 'LockUnusable'
    this.exitCode = 1
  }
}

/** @param {unknown} error */
const codeOf = error => (error instanceof Error && 'code' in error ? String(error.code) : String(error))

/**
 * A text that names no owner has none that could be alive, but it can be told from any other.
 * @param {string} text
 * @returns {Owner}
 */
const parseOwner = text => {
  try {
    const owner = JSON.parse(text)
    if (typeof owner?.token === 'string') return owner
  } catch {
    // Falls through to the same owner as a text that lacks the token.
  }
  return { pid: 0, startedAt: '', token: text }
}

/**
 * Undefined when the lock is gone.
 * @param {string} path
 */
const ownerOf = path => {
  try {
    return parseOwner(readFileSync(path, 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new LockUnusable(
      `${path} cannot be read (${codeOf(error)}): a run of another user holds or left it; when that has ended, remove it`,
    )
  }
}

/**
 * @param {string} file
 * @param {string} content
 */
const writeBeside = (file, content) => {
  const directory = dirname(file)
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(file, content, { mode: 0o600 })
  } catch (error) {
    throw new LockUnusable(`${directory} cannot be written (${codeOf(error)}); it has to belong to this user`)
  }
}

/**
 * @param {string} from
 * @param {string} path
 */
const linked = (from, path) => {
  try {
    linkSync(from, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * @param {string} path
 * @param {Owner} dead
 * @param {{ mine: string, signal: AbortSignal | undefined }} options
 */
const takeOver = async (path, dead, { mine, signal }) => {
  const release = await acquireLock(`${path}.takeover`, signal === undefined ? {} : { signal })
  try {
    if (ownerOf(path)?.token !== dead.token) return false
    renameSync(mine, path)
    return true
  } finally {
    release()
  }
}

/**
 * Waits for the lock at most `waitMs` (default: for ever), then throws `LockHeld`; an aborted signal ends it too. Throws `LockUnusable`
 * when this user cannot read or write it. Returns the function that gives it back.
 * @param {string} path
 * @param {{ waitMs?: number, onWait?: (owner: Owner) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<() => void>}
 */
export const acquireLock = async (path, { waitMs = Number.POSITIVE_INFINITY, onWait, signal } = {}) => {
  const self = identify(process.pid)
  if (self === undefined) throw new Error('this process cannot find itself in the process table')
  const token = randomBytes(8).toString('hex')
  const mine = `${path}.${token}`
  const deadline = Date.now() + waitMs
  let told = false
  writeBeside(mine, JSON.stringify({ ...self, token }))
  try {
    while (!linked(mine, path)) {
      const owner = ownerOf(path)
      if (owner !== undefined && !isAlive(owner)) {
        if (await takeOver(path, owner, { mine, signal })) break
      } else if (owner !== undefined) {
        if (Date.now() >= deadline) throw new LockHeld(owner)
        if (!told) onWait?.(owner)
        told = true
      }
      // Every turn waits, so that whatever the file system answers, signals are heard.
      await pause(pollMs, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    rmSync(mine, { force: true })
  }
  return () => {
    if (ownerOf(path)?.token === token) rmSync(path, { force: true })
  }
}
