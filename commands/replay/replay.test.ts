// A replay against a running stack: what it does with good files, bad lines, files that are none, and a stack that is not there.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const header = 'user,track_id,item_id,occurred_at,synced_at,points,event_id'
const id = (n: number): string => `11111111-1111-4111-8111-${String(n).padStart(12, '0')}`
const good = (n: number, user = 'anna'): string => `${user},t,i${n},2026-03-0${n}T10:00:00+02:00,x,${n},${id(n)}`
const expectedHeader = 'user,events,tracks,items,points,active_days,longest_streak,last_day'

let stack: Stack
let directory: string
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-replay-test-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const run = (args: string[]): Promise<{ code: number; out: string }> =>
  new Promise(resolve => {
    const command = [join(root, 'commands', 'replay.ts'), ...args]
    execFile(process.execPath, command, { cwd: root, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: stdout + stderr })
    })
  })

const replay = (lines: string | readonly string[] | Buffer, options: { name?: string; args?: string[] } = {}) => {
  const file = join(directory, options.name ?? 'activity.csv')
  writeFileSync(file, Array.isArray(lines) ? `${lines.join('\n')}\n` : (lines as string | Buffer))
  return run([file, '--gateway', stack.gatewayUrl, '--apple', stack.apple.issuer, ...(options.args ?? [])])
}

describe('npm run replay', () => {
  it('plays a file, finds only duplicates the second time, and compares with what has to come out', async () => {
    writeFileSync(
      join(directory, 'expected.csv'),
      `${expectedHeader}\nanna,3,1,3,6,3,3,2026-03-03\nbert,1,1,1,4,1,1,2026-03-04\n`,
    )
    const file = gzipSync([header, good(2), good(1), good(4, 'bert'), good(3)].join('\n'))
    const first = await replay(file, { name: 'a.csv.gz', args: ['--batch', '2', '--users', '2'] })
    expect(first.out).toContain('2 users')
    expect(first.out).toContain('4 applied, 0 duplicates, 0 rejected')
    expect(first.out).toContain('2 of 2 users agree with expected.csv')
    expect(first.code).toBe(0)
    const second = await replay(file, { name: 'a.csv.gz' })
    expect(second.out).toContain('0 applied, 4 duplicates, 0 rejected')
    expect(second.out).toContain('2 of 2 users agree')
  })

  it('names what differs and exits 1', async () => {
    writeFileSync(
      join(directory, 'expected.csv'),
      `${expectedHeader}\ncarl,1,1,1,99,1,1,2026-03-05\ndora,1,1,1,1,1,1,2026-03-05\n`,
    )
    const { code, out } = await replay([header, good(5, 'carl')])
    expect(out).toContain('carl: points: 5 instead of 99')
    expect(out).toContain('dora: not played')
    expect(out).toContain('0 of 2 users agree')
    expect(code).toBe(1)
  })

  it('goes on after bad lines, each with its number and reason, and exits 1', async () => {
    const bad = [
      'emil,t',
      'emil,"t"x,i,2026-03-01T10:00:00Z,x,1,y',
      'emil,t,"i',
      `emil,t,i,2026-03-01T10:00:00Z,x,many,${id(7)}`,
    ]
    const unfit = `emil,t,i,2026-03-01,x,1,${id(8)}`
    const { code, out } = await replay([header, good(6, 'emil'), ...bad, '', unfit, good(7, 'emil')])
    expect(out).toContain('bad rows: 5')
    expect(out).toContain('row 2 (line 3) has 2 columns instead of 7')
    expect(out).toMatch(/row 3 \(line 4\) .*quote/i)
    expect(out).toMatch(/row 4 \(line 5\) .*quote/i)
    expect(out).toContain('row 5 (line 6) points is not a whole number')
    expect(out).toContain('row 7 (line 8) rejected: invalid_event; /occurred_at')
    expect(out).toContain('2 applied, 0 duplicates, 1 rejected')
    expect(code).toBe(1)
  })

  it.each([
    ['nothing', '', 'no activity'],
    ['a header alone', `${header}\n`, 'no activity'],
    ['something else', 'a,b\n1,2\n', 'the first line has to be'],
    ['half a gzip file', gzipSync(`${header}\n${good(1)}`).subarray(0, 60), 'not a whole gzip file', 'a.csv.gz'],
  ])('refuses a file with %s', async (_what, content, message, name = 'a.csv') => {
    const { code, out } = await replay(content, { name })
    expect(out).toContain(message)
    expect(code).toBe(1)
  })

  it('says at once when there is no stack', async () => {
    const file = join(directory, 'a.csv')
    writeFileSync(file, [header, good(1)].join('\n'))
    const gone = await run([file, '--gateway', 'http://127.0.0.1:1', '--apple', stack.apple.issuer])
    expect(gone.out).toContain('the gateway at http://127.0.0.1:1 cannot be reached')
    expect(gone.code).toBe(1)
    expect((await run([file, '--gateway', 'nope'])).out).toContain('--gateway has to be a URL')
  })

  it.each([[[]], [['a', 'b']], [['a.csv', '--users', '0']], [['a.csv', '--unknown']]])(
    'explains itself for %j',
    async args => {
      const { code, out } = await run(args)
      expect(out).toContain('usage: npm run replay')
      expect(code).toBe(1)
    },
  )
})
