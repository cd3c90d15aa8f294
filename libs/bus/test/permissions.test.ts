// Who may do what on the bus: deploy/nats/accounts.conf, on a real server. That services may do what they have to is shown by every
// test that starts them, since all of them connect as themselves.
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { except, openBusUsers, streams, users, type BusUsers, type User } from './fixtures/bus-users.ts'

let bus: BusUsers

beforeAll(async () => {
  bus = await openBusUsers()
})
afterAll(() => bus.close())

const refused = [expect.stringMatching(/permissions violation/i)]

describe('requests in the name of a user', () => {
  it.each(except('gateway'))('are not for %s to make', async user => {
    expect(await bus.publishing(user, 'request.progress.log.submit.v1')).toEqual(refused)
    expect(await bus.publishing(user, 'request.auth.session.refresh.v1')).toEqual(refused)
    expect(await bus.publishing(user, 'request.auth.user.delete.v1')).toEqual(refused)
  })

  it('are for the gateway, and to read a log also for realtime', async () => {
    expect(await bus.publishing('gateway', 'request.progress.log.submit.v1')).toEqual([])
    expect(await bus.publishing('realtime', 'request.progress.log.read-changes.v1')).toEqual([])
    expect(await bus.publishing('janitor', 'request.progress.log.read-changes.v1')).toEqual(refused)
  })
})

describe('what owners say', () => {
  it.each(except('progress'))('of a log is not for %s to say', async user => {
    expect(await bus.publishing(user, 'event.progress.log.advanced.v1.someone')).toEqual(refused)
  })

  it.each(except('auth'))('of a session is not for %s to say', async user => {
    expect(await bus.publishing(user, 'event.auth.session.ended.v1.someone')).toEqual(refused)
    expect(await bus.publishing(user, 'event.auth.user.deleted.v1.someone')).toEqual(refused)
  })

  it.each(except('realtime', 'progress'))('of a log is not for %s to hear', async user => {
    expect(await bus.subscribing(user, 'event.progress.log.advanced.v1.someone')).toEqual(refused)
  })

  it.each(except('auth'))('in reply to a request to auth is not for %s to say', async user => {
    expect(await bus.subscribing(user, 'request.auth.>')).toEqual(refused)
  })
})

/** Everything that JetStream can be asked of a stream and its consumers. */
const verbs: readonly ((stream: string) => string)[] = [
  ...[
    'CREATE',
    'UPDATE',
    'INFO',
    'DELETE',
    'PURGE',
    'MSG.GET',
    'MSG.DELETE',
    'SNAPSHOT',
    'RESTORE',
    'LEADER.STEPDOWN',
  ].map(verb => (stream: string) => `STREAM.${verb}.${stream}`),
  stream => `DIRECT.GET.${stream}`,
  stream => `DIRECT.GET.${stream}.some.subject`,
  ...['NAMES', 'LIST', 'CREATE'].map(verb => (stream: string) => `CONSUMER.${verb}.${stream}`),
  ...['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT', 'PAUSE', 'LEADER.STEPDOWN'].flatMap(verb =>
    ['any', 'progress_erase_user'].map(name => (stream: string) => `CONSUMER.${verb}.${stream}.${name}`),
  ),
  ...['any', 'progress_erase_user'].map(name => (stream: string) => `CONSUMER.CREATE.${stream}.${name}.some.subject`),
]

const allowed: Readonly<Record<User, readonly string[]>> = {
  gateway: ['STREAM.INFO.incidents'],
  realtime: ['STREAM.INFO.incidents'],
  janitor: ['STREAM.INFO.incidents'],
  auth: ['STREAM.INFO.auth_events', 'STREAM.INFO.incidents'],
  progress: [
    'STREAM.INFO.progress_log',
    'STREAM.PURGE.progress_log',
    'STREAM.INFO.incidents',
    'CONSUMER.INFO.auth_events.progress_erase_user',
    'CONSUMER.MSG.NEXT.auth_events.progress_erase_user',
  ],
  operator: ['STREAM.INFO.incidents', 'STREAM.MSG.GET.incidents'],
  provisioner: [
    ...streams.flatMap(stream => ['CREATE', 'UPDATE', 'INFO'].map(verb => `STREAM.${verb}.${stream}`)),
    'CONSUMER.INFO.auth_events.progress_erase_user',
    'CONSUMER.CREATE.auth_events.progress_erase_user.some.subject',
  ],
}

describe.each(users)('%s', user => {
  it('does not hear what others are replied, nor everything', async () => {
    for (const other of except(user)) expect(await bus.subscribing(user, `_INBOX_${other}.>`)).toEqual(refused)
    for (const all of ['>', '_INBOX.>', 'request.>', 'event.>', '$JS.>', '$SYS.>']) {
      expect(await bus.subscribing(user, all)).toEqual(refused)
    }
  })

  it('replies to nobody, unless it is an owner, and then to who may ask one', async () => {
    const answered = ['auth', 'progress'].includes(user) ? ['gateway', 'realtime', 'janitor', 'operator'] : []
    for (const other of except(user)) {
      const reply = await bus.publishing(user, `_INBOX_${other}.1.2`)
      expect([other, reply]).toEqual([other, answered.includes(other) ? [] : refused])
    }
    expect(await bus.publishing(user, '_INBOX.1.2')).toEqual(refused)
  })

  it.each([
    'STREAM.CREATE.another',
    'STREAM.NAMES',
    'CONSUMER.LIST.auth_events',
    'CONSUMER.DELETE.auth_events.progress_erase_user',
    'CONSUMER.CREATE.auth_events.another.event.auth.user.deleted.v1.*',
    'ACCOUNT.PURGE.CAIRN',
    'SERVER.REMOVE',
    'META.LEADER.STEPDOWN',
  ])('may not ask JetStream for %s', async subject => {
    expect(await bus.publishing(user, `$JS.API.${subject}`)).toEqual(refused)
  })

  it.each(streams)('may ask of %s only what it has to', async stream => {
    const may: string[] = []
    for (const verb of verbs) {
      const asked = verb(stream)
      if ((await bus.publishing(user, `$JS.API.${asked}`)).length === 0) may.push(asked)
    }
    expect(may).toEqual(allowed[user].filter(subject => subject.split('.').includes(stream)))
  })
})

describe('progress, which erases', () => {
  it('empties its own stream of a subject, and no other', async () => {
    for (const subject of ['event.progress.log.advanced.v1.one', 'event.progress.log.advanced.v1.two']) {
      bus.of('progress').publish(subject, '{}')
    }
    await bus.answered('progress')
    const stored = async (stream: string): Promise<number> => (await bus.manager.streams.info(stream)).state.messages
    const before = [await stored('auth_events'), await stored('incidents')]
    const filter = { filter: 'event.progress.log.advanced.v1.one' }
    const purged = await bus.ask('progress', '$JS.API.STREAM.PURGE.progress_log', filter)
    expect(purged?.json()).toMatchObject({ success: true, purged: 1 })
    expect(await stored('progress_log')).toBe(1)
    const elsewhere = { filter: 'event.auth.>' }
    expect((await bus.ask('progress', '$JS.API.STREAM.PURGE.progress_log', elsewhere))?.json()).toMatchObject({
      purged: 0,
    })
    expect(await bus.ask('progress', '$JS.API.STREAM.PURGE.auth_events', {})).toBeUndefined()
    expect(await bus.ask('progress', '$JS.API.STREAM.PURGE.incidents', {})).toBeUndefined()
    expect([await stored('auth_events'), await stored('incidents')]).toEqual(before)
  })
})

it('lets nobody in without a password', async () => {
  await expect(connect({ servers: new URL(bus.url).host, reconnect: false })).rejects.toThrow(/authorization/i)
})
