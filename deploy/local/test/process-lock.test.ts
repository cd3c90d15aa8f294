// The lock between processes, contended for by real processes.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { identify } from '../bootstrap/process-identity.js'
import { acquireLock, LockHeld, LockUnusable } from '../bootstrap/process-lock.js'
import { node24, testDirectory } from './test-directory.ts'

const lockModule = join(import.meta.dirname, '..', 'bootstrap', 'process-lock.js')

const contenders = 5
const isRoot = process.getuid?.() === 0

/** All wait for the same start, take the lock, and add one to a number, slowly enough to lose counts if two do it at once. */
const addOnes = async (directory: string): Promise<unknown[]> => {
  const program = `
    import { acquireLock } from ${JSON.stringify(lockModule)}
    import { existsSync, readFileSync, writeFileSync } from 'node:fs'
    import { setTimeout as pause } from 'node:timers/promises'
    console.log('here')
    while (!existsSync('go')) await pause(1)
    const release = await acquireLock('lock')
    const count = Number(readFileSync('count', 'utf8'))
    // Longer than a waiter's pause, so that every one of them looks again while it is held.
    await pause(120)
    writeFileSync('count', String(count + 1))
    release()`
  const children = Array.from({ length: contenders }, () =>
    spawn(node24, ['--input-type=module', '-e', program], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const ended = children.map(child => new Promise(resolve => child.once('exit', resolve)))
  await Promise.all(children.map(child => new Promise(resolve => child.stdout.once('data', resolve))))
  writeFileSync(join(directory, 'go'), '')
  return Promise.all(ended)
}

const deadOwner = JSON.stringify({ pid: process.pid, startedAt: 'another time', token: 'dead' })

describe('a lock', () => {
  it.each([
    ['free', undefined],
    ["a dead process's", deadOwner],
    ['damaged', '{"pid":'],
    ["without an owner's name", 'null'],
  ])('that is %s is held by one process at a time', async (_, content) => {
    const directory = testDirectory()
    writeFileSync(join(directory, 'count'), '0')
    if (content !== undefined) writeFileSync(join(directory, 'lock'), content)
    expect(await addOnes(directory)).toEqual(Array.from({ length: contenders }, () => 0))
    expect(readFileSync(join(directory, 'count'), 'utf8')).toBe(String(contenders))
    expect(readdirSync(directory).filter(name => name.startsWith('lock'))).toEqual([])
  })

  it('names its owner to those who wait in vain', async () => {
    const path = join(testDirectory(), 'lock')
    const release = await acquireLock(path)
    const waitedFor: number[] = []
    const waiting = acquireLock(path, { waitMs: 200, onWait: owner => waitedFor.push(owner.pid) })
    await expect(waiting).rejects.toThrow(LockHeld)
    await expect(acquireLock(path, { waitMs: 0 })).rejects.toMatchObject({ owner: identify(process.pid) })
    expect(waitedFor).toEqual([process.pid])
    release()
    const again = await acquireLock(path, { waitMs: 0 })
    again()
  })

  it('is not waited for after an abort', async () => {
    const path = join(testDirectory(), 'lock')
    const release = await acquireLock(path)
    await expect(acquireLock(path, { signal: AbortSignal.timeout(100) })).rejects.toThrow('aborted')
    release()
  })

  it('that cannot be read is not waited for: the message names the file', async () => {
    const path = join(testDirectory(), 'lock')
    mkdirSync(path)
    const failure = await acquireLock(path).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(LockUnusable)
    expect(failure).toMatchObject({ exitCode: 1 })
    expect(String(failure)).toContain(`${path} cannot be read (EISDIR)`)
    expect(readdirSync(join(path, '..')).filter(name => name.startsWith('lock'))).toEqual(['lock'])
  })

  // Root may read everything.
  it.skipIf(isRoot)("that belongs to another user's run is one message too", async () => {
    const path = join(testDirectory(), 'lock')
    writeFileSync(path, deadOwner, { mode: 0o000 })
    await expect(acquireLock(path)).rejects.toThrow(`${path} cannot be read (EACCES)`)
  })

  it('in a place that is no directory is one message that names the place', async () => {
    const place = join(testDirectory(), 'file')
    writeFileSync(place, '')
    await expect(acquireLock(join(place, 'lock'))).rejects.toThrow(`${place} cannot be written (EEXIST)`)
  })

  it.skipIf(isRoot)('in a directory of somebody else is one message that names the directory', async () => {
    const directory = testDirectory()
    chmodSync(directory, 0o500)
    await expect(acquireLock(join(directory, 'lock'))).rejects.toThrow(`${directory} cannot be written (EACCES)`)
    chmodSync(directory, 0o700)
  })
})
