// The spool of incidents, in places that are not as one would wish: another's, full, read-only, with things in it that are no
// parts. Whatever it is, the service goes on, and nothing but parts of incidents reaches the bus.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bus, keepIncidents, readIncidents, type IncidentKeeper } from '@cairn/bus'
import { incidentSubjects, subjectOfPart, type IncidentPart } from '@cairn/contracts'
import { incidentVariables, newIncidentId, readEnvironment } from '@cairn/runtime'
import { captureLogs, eventually, startLink, startTestBus, type Link } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { PartCourier } from '../src/incidents/part-courier.ts'
import { Spool, type SpooledPart } from '../src/incidents/spool.ts'

let server: Awaited<ReturnType<typeof startTestBus>>
let link: Link
let directory: string
/** This user's own, in it. */
let own: string
let stops: (() => Promise<void>)[]
let logs: ReturnType<typeof captureLogs>
const isRoot = process.geteuid?.() === 0
const mayMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0

beforeEach(async () => {
  server = await startTestBus()
  link = await startLink(server.url)
  directory = join(inject('backends').directory, `spool-${Math.random().toString(36).slice(2)}`)
  own = join(directory, String(process.geteuid?.()))
  stops = []
  logs = captureLogs('info')
})
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop()
  await link.stop()
  await server.stop()
})

const connect = async (): Promise<Bus> => {
  const bus = await Bus.connect({ url: link.url, name: 'edge', logger: logs.loggerFor('edge') })
  stops.push(() => bus.drain(100))
  return bus
}

const variables = (changes: Record<string, string> = {}) => ({
  INCIDENT_SPOOL_DIRECTORY: directory,
  INCIDENT_PUBLISH_TIMEOUT_MS: '1000',
  ...changes,
})

const keep = async (changes: Record<string, string> = {}): Promise<{ bus: Bus; keeper: IncidentKeeper }> => {
  const bus = await connect()
  const keeper = keepIncidents(bus, readEnvironment(incidentVariables, variables(changes)))
  stops.push(() => keeper.stop())
  return { bus, keeper }
}

const partOf = (changes: Partial<IncidentPart> = {}): IncidentPart => ({
  incident_id: newIncidentId(),
  request_id: 'request-0001',
  service: 'other',
  instance: 'one',
  version: '1',
  kept_at: new Date().toISOString(),
  records: [],
  dropped_records: 0,
  spans: [],
  ...changes,
})
const packed = (part: IncidentPart, id = Math.random().toString()): SpooledPart => {
  return { subject: subjectOfPart(part), id, payload: JSON.stringify(part) }
}
/** As a process that crashed left it. */
const leave = (part: IncidentPart): string => {
  const before = new Set(readdirIfThere(own))
  new Spool({ directory, maxBytes: 10_000_000, maxFiles: 10_000, unfinishedAfterMs: 60_000 }).writeNow(packed(part))
  const [name = ''] = readdirIfThere(own).filter(one => !before.has(one))
  return join(own, name)
}
const readdirIfThere = (path: string): string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
const bytesIn = (path: string): number =>
  readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
/** A process of another user that crashes. */
const crashAs = ({ uid, gid, spool }: { uid: number; gid: number; spool: string }) => {
  const fixture = join(import.meta.dirname, 'fixtures', 'crash.ts')
  const as = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', process.execPath, fixture]
  const env = { ...variables({ INCIDENT_SPOOL_DIRECTORY: spool }), NATS_URL: server.url }
  const { stdout, status } = spawnSync('setpriv', as, { env, encoding: 'utf8', timeout: 15_000 })
  return { stdout, status }
}
const expectKept = (bus: Bus, { incident_id: id }: IncidentPart): Promise<IncidentPart | undefined> =>
  eventually(async () => {
    const [part] = await (await readIncidents(bus)).partsOf(id)
    expect(part?.incident_id).toBe(id)
    return part
  }, 10_000)

describe('a spool with', () => {
  it('things in it that are no parts, and cannot be looked at or removed: the parts are delivered', async () => {
    const part = partOf()
    const file = leave(part)
    mkdirSync(join(own, '1-x.part.json'))
    writeFileSync(join(own, '2-x.part.json'), 'no part')
    symlinkSync('3-x.new', join(own, '3-x.new'))
    symlinkSync(file, join(own, '4-x.part.json'))
    const { bus } = await keep()
    await expectKept(bus, part)
    await eventually(() => expect(readdirSync(own).toSorted()).toEqual(['1-x.part.json', '3-x.new', '4-x.part.json']))
  }, 20_000)

  it.runIf(mayMount)(
    'a disk that has become read-only: what is there is delivered, and the service goes on',
    async () => {
      mkdirSync(directory)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'none', directory])
      try {
        const part = partOf()
        leave(part)
        execFileSync('mount', ['-o', 'remount,ro', directory])
        const { bus, keeper } = await keep()
        await expectKept(bus, part)
        await eventually(() => expect(logs.lines.join()).toContain('cannot be removed from the spool'))
        keeper.crashed(new Error('x'))
      } finally {
        execFileSync('umount', ['--lazy', directory])
      }
    },
    20_000,
  )

  it('a part that the bus will never take, and one that is too old: neither holds up the others', async () => {
    const [tooBig, tooOld, good] = [partOf({ records: ['x'.repeat(2_500_000)] }), partOf(), partOf()]
    const [bigFile, oldFile] = [leave(tooBig), leave(tooOld)]
    const longAgo = Date.now() / 1_000 - 120
    utimesSync(bigFile, longAgo + 90, longAgo + 90)
    utimesSync(oldFile, longAgo, longAgo)
    leave(good)
    const { bus } = await keep({ INCIDENT_MAX_AGE_S: '60' })
    await expectKept(bus, good)
    await eventually(() => expect(readdirSync(own)).toEqual([]))
    expect(await (await readIncidents(bus)).partsOf(tooOld.incident_id)).toEqual([])
    expect(logs.lines.join()).toContain('a part of an incident is lost')
  }, 20_000)
})

describe('a directory', () => {
  it.runIf(isRoot)(
    'of somebody else is not read, and nothing is written to it',
    async () => {
      const part = partOf()
      leave(part)
      chmodSync(own, 0o777)
      chownSync(own, 65_534, 65_534)
      const marker = partOf()
      const { bus, keeper } = await keep()
      const before = readdirSync(own)
      keeper.crashed(new Error('x'))
      expect(readdirSync(own)).toEqual(before)
      expect(logs.lines.join()).toContain('is not a directory that this user alone may use')
      // What comes after a whole round over the spool of another member.
      const other = join(directory, 'other')
      new Spool({ directory: other, maxBytes: 100_000, maxFiles: 10_000, unfinishedAfterMs: 1 }).writeNow(
        packed(marker),
      )
      await keep({ INCIDENT_SPOOL_DIRECTORY: other })
      await expectKept(bus, marker)
      await eventually(() => expect(readdirIfThere(join(other, String(process.geteuid?.())))).toEqual([]))
      expect(await (await readIncidents(bus)).partsOf(part.incident_id)).toEqual([])
      expect(readdirSync(own)).toEqual(before)
    },
    20_000,
  )

  it('that is a link is not followed', async () => {
    const target = `${directory}-target`
    mkdirSync(target, { mode: 0o700 })
    mkdirSync(directory)
    symlinkSync(target, own)
    const { keeper } = await keep()
    keeper.crashed(new Error('x'))
    expect(readdirSync(target)).toEqual([])
  })

  it('makes no subject: a part goes where incidents go, whatever its file and its ids say', async () => {
    const strayed: string[] = []
    const part = partOf({ request_id: 'evil.*.>', user_hash: '>', service: 'a b' })
    const file = leave(part)
    const { id, payload } = { id: 'x', payload: JSON.stringify(part) }
    const subject = 'event.auth.user.deleted.v1.someone'
    writeFileSync(file, JSON.stringify({ subject, id, payload, settled_at: 0 }))
    const listener = await Bus.connect({ url: server.url, name: 'ear', logger: logs.loggerFor('ear') })
    stops.push(() => listener.drain(100))
    const heard: string[] = []
    listener.nats.subscribe('event.>', {
      callback: (_error, message) =>
        void (message.subject.includes(part.incident_id) ? heard : strayed).push(message.subject),
    })
    await listener.nats.flush()
    const { bus } = await keep()
    await expectKept(bus, part)
    expect(heard).toEqual([
      incidentSubjects({
        incidentId: part.incident_id,
        requestId: 'evil____',
        role: 'part',
        fingerprint: 'none',
        userHash: '_',
        origin: 'a_b-one',
      }),
    ])
    expect(strayed).toEqual([])
  }, 20_000)

  it.runIf(isRoot)(
    'that one user made takes what another has to keep',
    () => {
      const parent = mkdtempSync(join(tmpdir(), 'cairn-spool-'))
      const shared = join(parent, 'incidents')
      try {
        chmodSync(parent, 0o1777)
        for (const uid of [12_345, 23_456]) {
          expect(crashAs({ uid, gid: uid, spool: shared })).toMatchObject({ status: 0 })
          expect(readdirSync(join(shared, String(uid)))).not.toHaveLength(0)
        }
        expect(statSync(shared).mode & 0o7777).toBe(0o1777)
      } finally {
        rmSync(parent, { recursive: true })
      }
    },
    30_000,
  )

  // As Kubernetes mounts a volume for a group, and an image's own directory for a user it was not made for.
  it.runIf(isRoot).each([
    { uid: 12_345, gid: 65_532, mode: 0o2777 },
    { uid: 1_000_700_000, gid: 0, mode: 0o1777 },
  ])(
    'of root takes what user $uid has to keep, in a directory of their own',
    ({ uid, gid, mode }) => {
      const shared = mkdtempSync(join(tmpdir(), 'cairn-spool-'))
      try {
        chownSync(shared, 0, 65_532)
        chmodSync(shared, mode)
        expect(crashAs({ uid, gid, spool: shared })).toEqual({
          stdout: expect.stringContaining('uncaught exception'),
          status: 0,
        })
        const found = statSync(join(shared, String(uid)))
        expect([found.uid, found.mode & 0o777]).toEqual([uid, 0o700])
        expect(readdirSync(join(shared, String(uid)))).not.toHaveLength(0)
      } finally {
        rmSync(shared, { recursive: true })
      }
    },
    20_000,
  )
})

describe('the bound of a spool', () => {
  it('is one for all who use it, in files, also while many write', async () => {
    const maxFiles = 500
    const fill = async (): Promise<void> => {
      const spool = new Spool({ directory, maxBytes: 100_000_000, maxFiles, unfinishedAfterMs: 60_000 })
      const writes = Array.from({ length: maxFiles }, () => spool.write(packed(partOf()), 0))
      const lost = (await Promise.allSettled(writes)).filter(({ status }) => status === 'rejected')
      if (lost.length > 0) throw new Error(`${lost.length} were lost`)
    }
    await fill()
    expect(readdirSync(own)).toHaveLength(maxFiles)
    await expect(fill()).rejects.toThrow('500 were lost')
    expect(readdirSync(own)).toHaveLength(maxFiles)
  })

  it('is looked after while the process goes on with its work', async () => {
    const spool = new Spool({ directory, maxBytes: 100_000_000, maxFiles: 10_000, unfinishedAfterMs: 60_000 })
    await spool.write(packed(partOf()), 0)
    for (let number = 0; number < 1_500; number += 1) writeFileSync(join(own, `${number}.part.json`), '')
    let turns = 0
    let immediate = setImmediate(function count() {
      turns += 1
      immediate = setImmediate(count)
    })
    expect(await spool.list()).toHaveLength(1_501)
    clearImmediate(immediate)
    expect(turns).toBeGreaterThan(10)
  })

  it('is one for all who use it, in bytes', () => {
    const maxBytes = 65_536
    for (let process = 0; process < 4; process += 1) {
      const spool = new Spool({ directory, maxBytes, maxFiles: 10_000, unfinishedAfterMs: 60_000 })
      const fill = (): void => {
        for (;;) spool.writeNow(packed(partOf({ records: ['漢'.repeat(3_000)] })))
      }
      expect(fill).toThrow('the spool of incidents is full')
    }
    expect(bytesIn(own)).toBeLessThanOrEqual(maxBytes)
    expect(bytesIn(own)).toBeGreaterThan(maxBytes / 2)
  })

  it.runIf(mayMount)('does not count what a full disk did not take, and nothing is left of it', async () => {
    mkdirSync(directory)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'none', directory])
    try {
      const spool = new Spool({ directory, maxBytes: 300_000, maxFiles: 10_000, unfinishedAfterMs: 60_000 })
      const big = packed(partOf({ records: ['x'.repeat(100_000)] }))
      for (let attempt = 0; attempt < 6; attempt += 1) {
        await expect(spool.write(big, 0)).rejects.toThrow('ENOSPC')
        expect(() => spool.writeNow(big)).toThrow('ENOSPC')
      }
      expect(readdirSync(own)).toEqual([])
    } finally {
      execFileSync('umount', ['--lazy', directory])
    }
  })
})

describe('a part that waits', () => {
  const expectHeld = (): void => expect(logs.lines.join()).toContain('published nor spooled')
  const expectSpooled = (): void => expect(readdirSync(own)).toHaveLength(1)

  it.each(['the spool', 'memory'])(
    'in %s is not delivered after a newer one of the same subject',
    async where => {
      const { bus } = await keep({ INCIDENT_SPOOL_DIRECTORY: `${directory}-unused` })
      if (where === 'memory') writeFileSync(directory, 'a file, where a directory should be')
      const spool = new Spool({ directory, maxBytes: 10_000_000, maxFiles: 10_000, unfinishedAfterMs: 60_000 })
      const courier = new PartCourier({ bus, spool, publishTimeoutMs: 1_000, settleMs: 60_000, maxAgeMs: 600_000 })
      stops.push(() => courier.stop())
      const [part, last] = [partOf(), partOf()]
      const send = (dropped: number): void => courier.send(packed({ ...part, dropped_records: dropped }))
      send(0)
      await expectKept(bus, part)
      link.cut()
      await eventually(() => expect(bus.connected).toBe(false))
      send(1)
      await eventually(where === 'memory' ? expectHeld : expectSpooled)
      courier.send(packed(last))
      link.restore()
      await eventually(() => expect(bus.connected).toBe(true))
      send(21)
      // It waited behind the other, so that one has had its turn.
      await expectKept(bus, last)
      expect((await expectKept(bus, part))?.dropped_records).toBe(21)
    },
    30_000,
  )

  it('and may have a successor is left to whoever wrote it', async () => {
    const [unsettled, settled] = [partOf(), partOf()]
    const spool = new Spool({ directory, maxBytes: 10_000_000, maxFiles: 10_000, unfinishedAfterMs: 60_000 })
    await spool.write(packed(unsettled), Date.now() + 60_000)
    leave(settled)
    const { bus } = await keep()
    await expectKept(bus, settled)
    await eventually(() => expect(readdirSync(own)).toHaveLength(1))
    expect(await (await readIncidents(bus)).partsOf(unsettled.incident_id)).toEqual([])
  }, 20_000)
})
