// Tells a process from a later one that was given the same pid. Plain JavaScript: bootstrap runs it before anything is installed.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** @typedef {{ readonly pid: number, readonly startedAt: string }} ProcessIdentity */

/**
 * Ticks since boot (field 22 of /proc/<pid>/stat, see proc(5)) with the boot's id; a zombie counts as gone.
 * @param {number} pid
 */
const startTimeOnLinux = pid => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The second field is the program's name in brackets and may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19]}`
}

/** @param {number} pid */
const startTimeByPs = pid => {
  const [state = '', ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .trim()
    .split(/\s+/)
  return state === '' || state.startsWith('Z') ? undefined : started.join(' ')
}

/**
 * An opaque text that no two processes with the same pid share; undefined when no such process lives.
 * @param {number} pid
 * @returns {string | undefined}
 */
export const startTimeOf = pid => {
  try {
    return process.platform === 'linux' ? startTimeOnLinux(pid) : startTimeByPs(pid)
  } catch {
    return undefined
  }
}

/**
 * @param {number} pid
 * @returns {ProcessIdentity | undefined}
 */
export const identify = pid => {
  const startedAt = startTimeOf(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** @param {ProcessIdentity} identity */
export const isAlive = ({ pid, startedAt }) => startTimeOf(pid) === startedAt

/**
 * @param {number} pid
 * @returns {{ name: string, parent: number }}
 */
const describe = pid => {
  if (process.platform === 'linux') {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), parent: Number(parent) }
  }
  const text = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' })
  const [, parent, name = ''] = /^\s*(\d+)\s+(.*)$/m.exec(text) ?? []
  return { name: basename(name), parent: Number(parent) }
}

/**
 * The process that started this one and, where that is only a shell which waits for us, the one behind it.
 * @returns {ProcessIdentity[]}
 */
export const identifyStarters = () => {
  const { name, parent } = describe(process.ppid)
  const pids = /^-?(ba|da|z|k|a)?sh$/.test(name) ? [process.ppid, parent] : [process.ppid]
  return pids.map(identify).filter(identity => identity !== undefined)
}
