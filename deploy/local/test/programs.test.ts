// Where nats-server and redis-server come from, one source after the other.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { thisMachine } from '../src/provision/machine.ts'
import { findOnPath, findPrograms } from '../src/provision/programs.ts'
import { provideRedis } from '../src/provision/redis.ts'
import { redisAnswers } from '../src/provision/answers.ts'
import { bareMachine, writeProgram } from './programs-for-tests.ts'
import { testDirectory } from './test-directory.ts'

const silent = (): void => undefined
const dpkgDeb = findOnPath('dpkg-deb', ['/usr/bin'])

/** An apt-get whose archive holds one package: it counts its calls, and its lists are stale until the first update. */
const writeApt = (directory: string, { stale }: { stale: boolean }): string => {
  const content = join(directory, 'package')
  writeProgram(join(content, 'usr/sbin'), 'nats-server', ['echo "nats-server: v2.10.1"'])
  mkdirSync(join(content, 'DEBIAN'))
  writeFileSync(
    join(content, 'DEBIAN/control'),
    'Package: nats-server\nVersion: 2.10.1\nArchitecture: all\nMaintainer: test\nDescription: test\n',
  )
  const archive = join(directory, 'nats-server.deb')
  execFileSync(dpkgDeb ?? '', ['--build', content, archive], { stdio: 'ignore' })
  const calls = join(directory, 'apt-calls')
  const lists = join(directory, 'lists-are-fresh')
  if (!stale) writeFileSync(lists, '')
  writeProgram(join(directory, 'bin'), 'apt-get', [
    `for argument; do case "$argument" in -s|download|update) echo "$argument" >> ${calls}; action=$argument;; esac; done`,
    `[ "$action" = update ] && { /usr/bin/touch ${lists}; exit 100; }`,
    `[ -e ${lists} ] || { echo "E: Unable to locate package" >&2; exit 100; }`,
    '[ "$action" = -s ] && echo "Inst nats-server (2.10.1 Test:1 [all])"',
    `[ "$action" = download ] && /bin/cp ${archive} .`,
    'exit 0',
  ])
  return calls
}

const find = (directory: string, changes = {}) =>
  findPrograms(['nats-server'], { machine: bareMachine(directory, changes), say: silent })

describe('finding servers', () => {
  it('takes the one on the PATH', async () => {
    const directory = testDirectory()
    const file = writeProgram(join(directory, 'bin'), 'nats-server', ['echo "nats-server: v2.9.10"'])
    expect((await find(directory)).get('nats-server')).toMatchObject({ kind: 'native', file })
  })

  it('passes over one that is too old or does not run', async () => {
    for (const line of ['echo "nats-server: v2.8.4"', 'exit 127']) {
      const directory = testDirectory()
      writeProgram(join(directory, 'bin'), 'nats-server', [line])
      await expect(find(directory)).rejects.toThrow('NATS cannot be provided')
    }
  })

  it.skipIf(dpkgDeb === undefined)('unpacks what apt has into a private tree, once for many at a time', async () => {
    const directory = testDirectory()
    const calls = writeApt(directory, { stale: false })
    const found = await Promise.all([find(directory), find(directory), find(directory)])
    for (const programs of found) {
      expect(programs.get('nats-server')).toMatchObject({
        file: join(directory, 'tools/nats-server/usr/sbin/nats-server'),
      })
    }
    expect(readFileSync(calls, 'utf8')).toBe('-s\ndownload\n')
    expect(readdirSync(join(directory, 'tools')).toSorted()).toEqual(['apt.conf', 'cache', 'lists', 'nats-server'])
  })

  it.skipIf(dpkgDeb === undefined)('fetches package lists of its own when those of the machine are stale', async () => {
    const directory = testDirectory()
    const calls = writeApt(directory, { stale: true })
    expect((await find(directory)).get('nats-server')).toMatchObject({ kind: 'native' })
    expect(readFileSync(calls, 'utf8')).toBe('-s\nupdate\n-s\ndownload\n')
  })

  it.skipIf(dpkgDeb === undefined)('does not take a half-unpacked tree for a whole one', async () => {
    const directory = testDirectory()
    writeApt(directory, { stale: false })
    mkdirSync(join(directory, 'tools/nats-server.partial/usr/sbin'), { recursive: true })
    writeFileSync(join(directory, 'tools/nats-server.partial/usr/sbin/half'), '')
    const found = await find(directory)
    expect(found.get('nats-server')).toMatchObject({ kind: 'native' })
    expect(existsSync(join(directory, 'tools/nats-server/usr/sbin/half'))).toBe(false)
  })

  it('leaves apt alone on another platform', async () => {
    const directory = testDirectory()
    const calls = join(directory, 'calls')
    writeProgram(join(directory, 'bin'), 'apt-get', [`echo called > ${calls}`])
    await expect(find(directory, { platform: 'darwin' })).rejects.toThrow('brew install nats-server')
    expect(existsSync(calls)).toBe(false)
  })

  it('says what to type when there is no source, for all that is missing at once', async () => {
    const directory = testDirectory()
    writeProgram(join(directory, 'bin'), 'docker', ['exit 1'])
    const finding = findPrograms(['nats-server', 'redis-server'], { machine: bareMachine(directory), say: silent })
    const error = await finding.catch((failure: unknown) => failure)
    expect(error).toMatchObject({ name: 'LocalStackError' })
    expect(String(error)).toContain('apt-get install --no-install-recommends nats-server redis-server')
    expect(String(error)).toContain('brew install nats-server redis')
    expect(String(error)).toContain('NATS_URL=nats://')
    expect(String(error)).toContain('REDIS_URL=redis://')
  })
})

describe('a server from Docker', () => {
  it('runs on the loopback interface under a name of its own and is removed by that name', async () => {
    const directory = testDirectory()
    const native = (await findPrograms(['redis-server'], { machine: thisMachine(), say: silent })).get('redis-server')
    if (native?.kind !== 'native') throw new Error('this test needs a redis-server to stand in for the image')
    const calls = join(directory, 'docker-calls')
    // Stands in for the daemon: runs the server itself, with the mounted configuration, on the published port.
    writeProgram(join(directory, 'bin'), 'docker', [
      `echo "$*" >> ${calls}`,
      '[ "$1" = run ] || exit 0',
      'for argument; do case "$argument" in',
      '  127.0.0.1:*:6379) port=${argument#127.0.0.1:}; port=${port%:6379};;',
      '  *:/etc/cairn.conf:ro) configuration=${argument%:/etc/cairn.conf:ro};;',
      'esac; done',
      `export LD_LIBRARY_PATH=${native.env['LD_LIBRARY_PATH'] ?? ''}`,
      `/bin/grep -v '^dir' "$configuration" > ${directory}/mounted.conf`,
      `exec ${native.file} ${directory}/mounted.conf --bind 127.0.0.1 --port "$port" --dir ${directory}`,
    ])
    const redis = await provideRedis({ directory, env: {}, say: silent, machine: bareMachine(directory) })
    await redisAnswers(redis.url)
    await redis.stop()
    await expect(redisAnswers(redis.url)).rejects.toThrow('ECONNREFUSED')
    const [info, run, remove] = readFileSync(calls, 'utf8').trim().split('\n')
    expect(info).toBe('info')
    expect(run).toMatch(/^run --rm --name cairn-\w+ .*--publish 127\.0\.0\.1:\d+:6379 .* redis:8-alpine redis-server/)
    expect(remove).toBe(`rm --force ${/cairn-\w+/.exec(run ?? '')?.[0]}`)
  })
})
