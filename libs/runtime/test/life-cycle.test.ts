// The life cycle is that of a process, so each case is one.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const run = (behaviour: string, signal?: NodeJS.Signals): Promise<{ code: number | null; output: string }> =>
  new Promise(resolve => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', 'service.ts'), behaviour])
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (signal === undefined || !chunk.toString().includes('started')) return
        child.kill(signal)
        child.kill(signal)
      })
    }
    child.on('close', code => resolve({ code, output }))
  })

const mayUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0

describe('runService', () => {
  it.runIf(mayUnshare).each(['SIGTERM', 'SIGINT'] as const)(
    'ends on %s while it still starts, also as the first process of a container',
    async signal => {
      const service = [process.execPath, join(import.meta.dirname, 'fixtures', 'service.ts'), 'wait']
      const container = spawn('unshare', ['--pid', '--fork', '--kill-child', ...service])
      try {
        await once(container.stdout, 'data')
        const children = readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8')
        process.kill(Number(children), signal)
        expect(await once(container, 'exit')).toEqual([0, null])
      } finally {
        container.kill('SIGKILL')
      }
    },
  )

  it.each(['deaf', 'patient'])(
    'does not wait for a collector that never answers, however %s, longer than its own time',
    async behaviour => {
      const { code, output } = await run(behaviour, 'SIGTERM')
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('"stopped"') })
      expect(output).not.toContain('did not stop in time')
    },
  )

  it.each(['SIGTERM', 'SIGINT'] as const)('stops once on %s, however often it comes', async signal => {
    const { code, output } = await run('obey', signal)
    expect(code).toBe(0)
    expect(output.match(/"stopping"/g)).toHaveLength(1)
    expect(output).toContain('"stopped"')
  })

  it('ends with 1 when it does not stop in time', async () => {
    const { code, output } = await run('hang', 'SIGTERM')
    expect(code).toBe(1)
    expect(output).toContain('did not stop in time')
  })

  it('ends also when nobody reads what it writes any more', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', 'service.ts'), 'chatter'])
    await once(child.stdout, 'data')
    child.stdout.destroy()
    child.stderr.destroy()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('ends all the same when stopping fails', async () => {
    const { code, output } = await run('fail', 'SIGTERM')
    expect(code).toBe(0)
    expect(output).toContain('could not close')
  })

  it('prints what is wrong with the environment and exits 1, without a stack', async () => {
    const { code, output } = await run('unset')
    expect(code).toBe(1)
    expect(output).toContain('SECRET_KEY is missing')
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('logs an exception nobody caught, stops and exits 1', async () => {
    const { code, output } = await run('crash')
    expect(code).toBe(1)
    expect(output).toContain('unforeseen')
  })
})
