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

/**
 * @param {string} path
 * @returns {Owner | undefined}
 */
const ownerOf = path => {
  let text = ''
  try {
    text = readFileSync(path, 'utf8')
    return JSON.parse(text)
  } catch (error) {
    // A lock that cannot be read has no owner that could be alive, but it can be told from any other.
    return error instanceof SyntaxError ? { pid: 0, startedAt: '', token: text } : undefined
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
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * @param {string} path
 * @param {Owner} dead
 * @param {string} mine
 */
const takeOver = async (path, dead, mine) => {
  const release = await acquireLock(`${path}.takeover`)
  try {
    if (ownerOf(path)?.token !== dead.token) return false
    renameSync(mine, path)
    return true
  } finally {
    release()
  }
}

/**
 * Waits for the lock at most `waitMs` (default: for ever), then throws `LockHeld`; an aborted signal ends it too. Returns the function that gives it back.
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
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(mine, JSON.stringify({ ...self, token }), { mode: 0o600 })
  try {
    while (!linked(mine, path)) {
      const owner = ownerOf(path)
      if (owner === undefined) continue
      if (!isAlive(owner)) {
        if (await takeOver(path, owner, mine)) break
        continue
      }
      if (Date.now() >= deadline) throw new LockHeld(owner)
      if (!told) onWait?.(owner)
      told = true
      await pause(pollMs, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    rmSync(mine, { force: true })
  }
  return () => {
    if (ownerOf(path)?.token === token) rmSync(path, { force: true })
  }
}
