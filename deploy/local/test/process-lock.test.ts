// The lock between processes, contended for by real processes.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { identify } from '../bootstrap/process-identity.js'
import { acquireLock, LockHeld } from '../bootstrap/process-lock.js'
import { node24, testDirectory } from './test-directory.ts'

const lockModule = join(import.meta.dirname, '..', 'bootstrap', 'process-lock.js')

/** Takes the lock and adds one to a number in a file, slowly enough to lose counts without it. */
const addOne = (directory: string): Promise<number | null> => {
  const program = `
    import { acquireLock } from ${JSON.stringify(lockModule)}
    import { readFileSync, writeFileSync } from 'node:fs'
    import { setTimeout as pause } from 'node:timers/promises'
    const release = await acquireLock('lock')
    const count = Number(readFileSync('count', 'utf8'))
    await pause(10)
    writeFileSync('count', String(count + 1))
    release()`
  const child = spawn(node24, ['--input-type=module', '-e', program], { cwd: directory, stdio: 'inherit' })
  return new Promise(resolve => child.once('exit', resolve))
}

const deadOwner = JSON.stringify({ pid: process.pid, startedAt: 'another time', token: 'dead' })

describe('a lock', () => {
  it.each([
    ['free', undefined],
    ["a dead process's", deadOwner],
    ['damaged', '{"pid":'],
  ])('that is %s is held by one process at a time', async (_, content) => {
    const directory = testDirectory()
    writeFileSync(join(directory, 'count'), '0')
    if (content !== undefined) writeFileSync(join(directory, 'lock'), content)
    const codes = await Promise.all(Array.from({ length: 8 }, () => addOne(directory)))
    expect(codes).toEqual(Array.from({ length: 8 }, () => 0))
    expect(readFileSync(join(directory, 'count'), 'utf8')).toBe('8')
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
})
