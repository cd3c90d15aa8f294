// The bootstrap in a tiny clone of its own, whose lock file names nothing that would need a network.
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { clone, node24, testDirectory } from './test-directory.ts'

interface Ran {
  readonly code: number | null
  readonly output: string
}

const commands = {
  // Its exit code is its argument.
  leave: `console.log('left on', process.version, ...process.argv.slice(2)); process.exit(Number(process.argv[2] ?? 0))`,
  // Lives until it has heard the signal.
  wait: `const until = (heard) => { console.log('heard', heard); process.exit(7) }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => until(signal))
    process.on('disconnect', () => { fs.writeFileSync('disconnected', ''); process.exit(0) })
    console.log('waiting', process.pid)
    import fs from 'node:fs'`,
  kill: `process.kill(process.pid, 'SIGKILL')`,
}

/** Package `linked` lies in the clone itself; its installation is counted by the root's own script. */
const tinyClone = (postinstall = 'echo installed >> installs'): string => {
  const root = testDirectory()
  for (const directory of ['commands', 'linked', 'deploy/local']) mkdirSync(join(root, directory), { recursive: true })
  cpSync(join(clone, 'commands/bootstrap.js'), join(root, 'commands/bootstrap.js'))
  cpSync(join(clone, 'deploy/local/bootstrap'), join(root, 'deploy/local/bootstrap'), { recursive: true })
  const dependencies = { linked: 'file:linked' }
  const manifest = { name: 'tiny', version: '1.0.0', type: 'module', dependencies, scripts: { postinstall } }
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(root, 'linked/package.json'), JSON.stringify({ name: 'linked', version: '1.0.0' }))
  writeLockfile(root, '1.0.0')
  for (const [name, text] of Object.entries(commands)) writeFileSync(join(root, 'commands', `${name}.ts`), text)
  return root
}

const writeLockfile = (root: string, version: string): void => {
  const packages = {
    '': { name: 'tiny', version, hasInstallScript: true, dependencies: { linked: 'file:linked' } },
    linked: { version: '1.0.0' },
    'node_modules/linked': { resolved: 'linked', link: true },
  }
  const lockfile = { name: 'tiny', version, lockfileVersion: 3, requires: true, packages }
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lockfile))
}

const start = (root: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
  const child = spawn(node24, ['commands/bootstrap.js', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: root, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const outcome = (child: ChildProcess): Promise<Ran> => {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += String(chunk)))
  return new Promise(resolve => child.once('close', code => resolve({ code, output })))
}

const run = (root: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran> =>
  outcome(start(root, args, env))

const installs = (root: string): number => readFileSync(join(root, 'installs'), 'utf8').trim().split('\n').length

/** The child of the `wait` command, once it waits. */
const waiting = async (child: ChildProcess): Promise<number> => {
  let output = ''
  child.stdout?.on('data', chunk => (output += String(chunk)))
  return vi.waitFor(
    () => {
      const pid = Number(/waiting (\d+)/.exec(output)?.[1])
      if (!(pid > 0)) throw new Error(`not waiting: ${output}`)
      return pid
    },
    { timeout: 15_000, interval: 20 },
  )
}

describe('installing', { timeout: 60_000 }, () => {
  it('happens once for many commands that start together, and not again', async () => {
    const root = tinyClone()
    const ran = await Promise.all(Array.from({ length: 4 }, () => run(root, ['leave'])))
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect(ran.filter(({ output }) => output.includes('installing dependencies (npm ci)'))).toHaveLength(1)
    expect(existsSync(join(root, 'node_modules/linked'))).toBe(true)
    expect((await run(root, ['leave'])).output).not.toContain('install')
    expect(installs(root)).toBe(1)
  })

  it('happens again for another lock file or without node_modules', async () => {
    const root = tinyClone()
    await run(root, ['leave'])
    rmSync(join(root, 'node_modules'), { recursive: true })
    expect((await run(root, ['leave'])).output).toContain('dependencies installed')
    expect(installs(root)).toBe(2)
  })

  it('takes over from a process that died while it installed', async () => {
    const root = tinyClone()
    mkdirSync(join(root, '.local'))
    const dead = JSON.stringify({ pid: process.pid, startedAt: 'another time', token: 'dead' })
    writeFileSync(join(root, '.local/install.lock'), dead)
    writeFileSync(join(root, '.local/install-npm.json'), dead)
    expect(await run(root, ['leave'])).toMatchObject({ code: 0 })
    expect(installs(root)).toBe(1)
  })

  it('that fails shows what npm said and one line, and is tried again', async () => {
    const root = tinyClone('echo the reason >&2; exit 3')
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { code, output } = await run(root, ['leave'])
      expect(code).toBe(1)
      expect(output).toContain('the reason')
      expect(output.trim().split('\n').at(-1)).toMatch(
        /^installing dependencies failed: npm ci ended with exit code \d+$/,
      )
    }
  })

  it('is left out when somebody has done it by hand', async () => {
    const root = tinyClone()
    const npm = spawn('npm', ['ci', '--ignore-scripts'], { cwd: root, stdio: 'ignore' })
    await new Promise(resolve => npm.once('exit', resolve))
    expect((await run(root, ['leave'])).output).not.toContain('install')
    expect(existsSync(join(root, 'installs'))).toBe(false)
  })
})

describe('running a command', { timeout: 60_000 }, () => {
  it('passes arguments and the exit code', async () => {
    const root = tinyClone()
    const { code, output } = await run(root, ['leave', '42', '--flag'])
    expect(code).toBe(42)
    expect(output).toContain(`left on ${process.version} 42 --flag`)
  })

  it('uses the Node that npm brought', async () => {
    const root = tinyClone()
    await run(root, ['leave'])
    mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true })
    symlinkSync(node24, join(root, 'node_modules/node/bin/node'))
    writeFileSync(join(root, 'commands/which.ts'), 'console.log(process.argv0)')
    expect((await run(root, ['which'])).output).toContain(join(root, 'node_modules/node/bin/node'))
  })

  it('gives 128 and the number of the signal that killed it', async () => {
    expect(await run(tinyClone(), ['kill'])).toMatchObject({ code: 137 })
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('passes %s on, any number of times', async signal => {
    const child = start(tinyClone(), ['wait'])
    const ended = outcome(child)
    await waiting(child)
    child.kill(signal)
    child.kill(signal)
    const { code, output } = await ended
    expect(code).toBe(7)
    expect(output).toContain(`heard ${signal}`)
  })

  it('ends its channel to the command even when it is killed', async () => {
    const root = tinyClone()
    const child = start(root, ['wait'])
    await waiting(child)
    child.kill('SIGKILL')
    await vi.waitFor(() => expect(existsSync(join(root, 'disconnected'))).toBe(true), { timeout: 5_000, interval: 20 })
  })

  it.each([
    ['directly', 'exec NODE commands/bootstrap.js wait'],
    ['by way of a shell', 'NODE commands/bootstrap.js wait; true'],
  ])('stops the command when the npm that started it %s is gone', async (_, line) => {
    const root = tinyClone()
    await run(root, ['leave'])
    const shell = JSON.stringify(line.replace('NODE', node24))
    const parent = `require('node:child_process').spawn('sh', ['-c', ${shell}], { stdio: 'inherit' })`
    const env = { PATH: process.env['PATH'], HOME: root, npm_lifecycle_event: 'start' }
    const npm = spawn(node24, ['-e', parent], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = outcome(npm)
    await waiting(npm)
    npm.kill('SIGKILL')
    // The output closes when the last of them is gone.
    expect((await ended).output).toContain('heard SIGTERM')
  })

  it('names the commands there are when asked for another', async () => {
    const { code, output } = await run(tinyClone(), ['lose'])
    expect(code).toBe(1)
    expect(output.trim()).toBe('unknown command "lose"; there are: kill, leave, wait')
  })
})
