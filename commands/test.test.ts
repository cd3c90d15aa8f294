// `npm test` killed in the middle: what it leaves is where the next run sweeps.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sweepAbandoned } from '@cairn/local'
import { expect, it, onTestFinished, vi } from 'vitest'

const root = join(import.meta.dirname, '..')
const local = join(root, '.local')

/** Runs the command in a process group of its own, since it starts vitest; `args` go to vitest. */
const runCommand = (args: readonly string[]) => {
  const temporary = mkdtempSync(join(tmpdir(), 'cairn-test-command-'))
  const child = spawn(process.execPath, [join(root, 'commands', 'test.ts'), ...args], {
    env: { ...process.env, TMPDIR: temporary },
    detached: true,
    stdio: 'ignore',
  })
  const { pid = 0 } = child
  const ended = new Promise(resolve => child.once('exit', resolve))
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL')
    await ended
  }
  onTestFinished(async () => {
    await kill()
    rmSync(temporary, { recursive: true, force: true })
  })
  const directories = (): string[] =>
    existsSync(local) ? readdirSync(local).filter(name => name.startsWith(`test-${pid}-`)) : []
  return { temporary, ended, kill, directories }
}

it('is swept by the next run', async () => {
  const { temporary, kill, directories } = runCommand(['no-such-file'])
  await vi.waitFor(() => expect(directories()).toHaveLength(1), { timeout: 15_000, interval: 5 })
  await kill()
  expect(readdirSync(temporary)).toEqual([])
  await sweepAbandoned(local)
  expect(directories()).toEqual([])
})

it('leaves nothing in a run that ends by itself', async () => {
  const { ended, temporary, directories } = runCommand(['no-such-file', '--passWithNoTests'])
  expect(await ended).toBe(0)
  expect(directories()).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
})
