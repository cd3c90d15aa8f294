// The ledger finds and stops what a killed run left behind, and nothing else.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { identify, isAlive } from '../bootstrap/process-identity.js'
import { launch } from '../src/processes/launch.ts'
import { Ledger, type LedgerEntry, stopLeftovers } from '../src/processes/ledger.ts'
import { createTestDirectory, sweepAbandoned } from '../src/processes/sweep.ts'
import { node24, testDirectory } from './test-directory.ts'

const stop = [{ signal: 'SIGTERM', waitMs: 2_000 }] as const

const entryFor = (name: string, pid: number, group: LedgerEntry['group'] = 'service'): LedgerEntry => {
  const identity = identify(pid)
  if (identity === undefined) throw new Error(`${name} does not run`)
  return { ...identity, name, group, stop }
}

/** A process that sleeps, and on SIGTERM notes its name before it ends. */
const sleeper = async (name: string, notes: string): Promise<number> => {
  const program = `process.on('SIGTERM', () => { fs.appendFileSync(${JSON.stringify(notes)}, '${name} '); process.exit() })
    setInterval(() => {}, 1000); console.log('up')`
  const child = spawn(node24, ['-e', program], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise(resolve => child.stdout.once('data', resolve))
  return child.pid ?? 0
}

describe('leftovers', () => {
  it('are stopped, services before back ends, and forgotten', async () => {
    const directory = testDirectory()
    const notes = join(directory, 'notes')
    const ledger = new Ledger(directory)
    ledger.add(entryFor('store', await sleeper('store', notes), 'backend'))
    ledger.add(entryFor('first', await sleeper('first', notes)))
    expect(await stopLeftovers(directory)).toEqual(['store', 'first'])
    expect(readFileSync(notes, 'utf8')).toBe('first store ')
    expect(existsSync(ledger.path)).toBe(false)
  })

  it('do not include a process that was given the pid of a dead one', async () => {
    const directory = testDirectory()
    const pid = await sleeper('somebody else', join(directory, 'notes'))
    new Ledger(directory).add({ ...entryFor('dead', pid), startedAt: 'another time' })
    expect(await stopLeftovers(directory)).toEqual([])
    expect(identify(pid)).toBeDefined()
  })

  it('are none when the ledger is damaged', async () => {
    const directory = testDirectory()
    writeFileSync(new Ledger(directory).path, '[{"pid":1')
    expect(await stopLeftovers(directory)).toEqual([])
  })

  it('that ignore the request are killed', async () => {
    const directory = testDirectory()
    const child = spawn(node24, [
      '-e',
      `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')`,
    ])
    await new Promise(resolve => child.stdout.once('data', resolve))
    const entry = entryFor('deaf', child.pid ?? 0)
    new Ledger(directory).add({ ...entry, stop: [{ signal: 'SIGTERM', waitMs: 100 }] })
    await stopLeftovers(directory)
    expect(isAlive(entry)).toBe(false)
  })
})

describe('a launched process', () => {
  it('is in the ledger while it lives, in a session of its own', async () => {
    const directory = testDirectory()
    const ledger = new Ledger(directory)
    const spec = {
      name: 'sleep',
      group: 'service',
      command: 'sleep',
      args: ['60'],
      env: { PATH: '/usr/bin:/bin' },
    } as const
    const running = await launch({ ...spec, directory, stop, output: 'pipe' }, ledger)
    expect(ledger.entries()).toMatchObject([{ name: 'sleep', pid: running.pid }])
    expect(() => process.kill(-running.pid, 0)).not.toThrow()
    await Promise.all([running.stop(), running.stop()])
    expect(await running.exited).toEqual({ code: null, signal: 'SIGTERM' })
    expect(ledger.entries()).toEqual([])
  })

  it('that does not exist is one message', async () => {
    const directory = testDirectory()
    const spec = {
      name: 'ghost',
      group: 'service',
      command: '/nowhere/ghost',
      args: [],
      env: {},
      directory,
      stop,
    } as const
    await expect(launch({ ...spec, output: 'pipe' }, new Ledger(directory))).rejects.toThrow('ghost cannot be started')
  })
})

describe('the sweep of test directories', () => {
  it('removes those of dead owners with their processes, and no others', async () => {
    const parent = testDirectory()
    const kept = createTestDirectory(parent)
    const abandoned = createTestDirectory(parent)
    writeFileSync(join(abandoned, 'owner.json'), JSON.stringify({ pid: process.pid, startedAt: 'another time' }))
    const nested = join(abandoned, 'file', '.local', 'stack')
    mkdirSync(nested, { recursive: true })
    const pid = await sleeper('left', join(parent, 'notes'))
    new Ledger(nested).add(entryFor('left', pid))

    expect(await sweepAbandoned(parent)).toEqual([basename(abandoned)])
    expect(existsSync(abandoned)).toBe(false)
    expect(existsSync(kept)).toBe(true)
    expect(identify(pid)).toBeUndefined()
  })

  it('goes by the pid in the name when the owner was killed before it left its mark', async () => {
    const parent = testDirectory()
    const child = spawn(node24, ['-e', ''])
    await new Promise(resolve => child.once('exit', resolve))
    mkdirSync(join(parent, `test-${child.pid}-x`))
    mkdirSync(join(parent, `test-${process.pid}-x`))
    mkdirSync(join(parent, `test-${process.pid}-half`))
    writeFileSync(join(parent, `test-${process.pid}-half`, 'owner.json'), '')
    expect(await sweepAbandoned(parent)).toEqual([`test-${child.pid}-x`])
  })
})
