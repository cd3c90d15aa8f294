// Who may do what on the bus: deploy/nats/accounts.conf, on a real server. That services may do what they have to is shown by every
// test that starts them, since all of them connect as themselves.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { header } from '@cairn/contracts'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { deriveNatsUrl, type Backend } from '@cairn/local'
import { startTestBus } from '@cairn/testkit'
import { headers as createHeaders, type Msg, type NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const users = ['gateway', 'auth', 'progress', 'realtime', 'janitor', 'operator', 'provisioner'] as const
type User = (typeof users)[number]
const streams = ['auth_events', 'progress_log', 'incidents'] as const

let server: Backend
let admin: NatsConnection
let manager: JetStreamManager
const connections = new Map<User, NatsConnection>()
const faults = new Map<User, string[]>()

beforeAll(async () => {
  server = await startTestBus()
  const { host: servers, username: name, password: pass } = new URL(server.url)
  admin = await connect({ servers, user: name, pass })
  manager = await jetstreamManager(admin)
  for (const user of users) {
    const { host, username, password } = new URL(deriveNatsUrl(server.url, user))
    const connection = await connect({ servers: host, user: username, pass: password })
    const seen: string[] = []
    connections.set(user, connection)
    faults.set(user, seen)
    void (async () => {
      for await (const status of connection.status()) if (status.type === 'error') seen.push(status.error.message)
    })()
  }
})
afterAll(async () => {
  for (const connection of [...connections.values(), admin]) await connection.close()
  await server.stop()
})

const of = (user: User): NatsConnection => {
  const connection = connections.get(user)
  if (connection === undefined) throw new Error(user)
  return connection
}
/** A refusal comes before the answer to the flush, and to the listener a turn later. */
const answered = async (user: User): Promise<void> => {
  await of(user).flush()
  await nextTurn()
}
/** What the server says to it; empty when it may. */
const publishing = async (user: User, subject: string): Promise<readonly string[]> => {
  const seen = faults.get(user) ?? []
  seen.length = 0
  of(user).publish(subject)
  await answered(user)
  return [...seen]
}
const subscribing = async (user: User, subject: string): Promise<readonly string[]> => {
  const seen = faults.get(user) ?? []
  seen.length = 0
  const subscription = of(user).subscribe(subject, { callback: () => undefined })
  await answered(user)
  subscription.unsubscribe()
  return [...seen]
}
const refused = [expect.stringMatching(/permissions violation/i)]
const except = (...allowed: User[]): User[] => users.filter(user => !allowed.includes(user))

describe('requests in the name of a user', () => {
  it.each(except('gateway'))('are not for %s to make', async user => {
    expect(await publishing(user, 'request.progress.log.submit.v1')).toEqual(refused)
    expect(await publishing(user, 'request.auth.session.refresh.v1')).toEqual(refused)
    expect(await publishing(user, 'request.auth.user.delete.v1')).toEqual(refused)
  })

  it('are for the gateway, and to read a log also for realtime', async () => {
    expect(await publishing('gateway', 'request.progress.log.submit.v1')).toEqual([])
    expect(await publishing('realtime', 'request.progress.log.read-changes.v1')).toEqual([])
    expect(await publishing('janitor', 'request.progress.log.read-changes.v1')).toEqual(refused)
  })
})

describe('what owners say', () => {
  it.each(except('progress'))('of a log is not for %s to say', async user => {
    expect(await publishing(user, 'event.progress.log.advanced.v1.someone')).toEqual(refused)
  })

  it.each(except('auth'))('of a session is not for %s to say', async user => {
    expect(await publishing(user, 'event.auth.session.ended.v1.someone')).toEqual(refused)
    expect(await publishing(user, 'event.auth.user.deleted.v1.someone')).toEqual(refused)
  })

  it.each(except('realtime', 'progress'))('of a log is not for %s to hear', async user => {
    expect(await subscribing(user, 'event.progress.log.advanced.v1.someone')).toEqual(refused)
  })

  it.each(except('auth'))('in reply to a request to auth is not for %s to say', async user => {
    expect(await subscribing(user, 'request.auth.>')).toEqual(refused)
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
    for (const other of except(user)) expect(await subscribing(user, `_INBOX_${other}.>`)).toEqual(refused)
    for (const all of ['>', '_INBOX.>', 'request.>', 'event.>', '$JS.>', '$SYS.>']) {
      expect(await subscribing(user, all)).toEqual(refused)
    }
  })

  it('does not reply unasked', async () => {
    for (const other of except(user)) expect(await publishing(user, `_INBOX_${other}.1.2`)).toEqual(refused)
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
    expect(await publishing(user, `$JS.API.${subject}`)).toEqual(refused)
  })

  it.each(streams)('may ask of %s only what it has to', async stream => {
    const may: string[] = []
    for (const verb of verbs) {
      const asked = verb(stream)
      if ((await publishing(user, `$JS.API.${asked}`)).length === 0) may.push(asked)
    }
    expect(may).toEqual(allowed[user].filter(subject => subject.split('.').includes(stream)))
  })
})

/** What JetStream answers; undefined when it was not even asked. */
const ask = async (user: User, subject: string, body: object): Promise<Msg | undefined> => {
  const connection = of(user)
  const replies: Msg[] = []
  const reply = `_INBOX_${user}.${subject.length}.${connection.info?.client_id ?? 0}`
  const listening = connection.subscribe(reply, { callback: (_error, message) => void replies.push(message) })
  connection.publish(subject, JSON.stringify(body), { reply })
  await answered(user)
  // Answers leave in the order of the questions: when the second is there, the first would be.
  await manager.streams.info('incidents')
  await answered(user)
  listening.unsubscribe()
  return replies[0]
}

describe('a request in the name of a user', () => {
  const forgeable = 'request.progress.log.submit.v1'
  const part = 'event.incident.part.kept.v1.a.b.c.d.e.f'
  const named = createHeaders()
  named.set(header.userId, 'somebody')
  /** What reaches progress while `attempt` lasts. */
  const reachingProgress = async (attempt: () => Promise<unknown>): Promise<readonly Msg[]> => {
    const reached: Msg[] = []
    const callback = (_error: Error | null, message: Msg): void => void reached.push(message)
    const listening = of('progress').subscribe('request.progress.>', { callback })
    await answered('progress')
    await attempt()
    await answered('progress')
    listening.unsubscribe()
    return reached
  }

  it.each(except('provisioner'))('is not made by a stream that %s changes or a consumer that it makes', async user => {
    const { config } = await manager.streams.info('incidents')
    const consumer = { deliver_subject: forgeable, ack_policy: 'none', durable_name: 'forger' }
    const reached = await reachingProgress(async () => {
      const republishing = { ...config, republish: { src: part, dest: forgeable } }
      expect(await ask(user, '$JS.API.STREAM.UPDATE.incidents', republishing)).toBeUndefined()
      const taking = { ...config, subjects: [...config.subjects, 'request.progress.>'] }
      expect(await ask(user, '$JS.API.STREAM.UPDATE.incidents', taking)).toBeUndefined()
      for (const stream of streams) {
        const order = { stream_name: stream, config: consumer }
        expect(await ask(user, `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.forger`, order)).toBeUndefined()
        expect(await ask(user, `$JS.API.CONSUMER.CREATE.${stream}.forger`, order)).toBeUndefined()
      }
      of(user).publish(part, '{}', { headers: named })
      await answered(user)
    })
    expect(reached).toEqual([])
    expect((await manager.streams.info('incidents')).config).toEqual(config)
  })

  it('is not made by an answer either: wherever it is sent, it names nobody', async () => {
    const asks: [User, string, string][] = [
      ['operator', '$JS.API.STREAM.MSG.GET.incidents', JSON.stringify({ last_by_subj: part })],
      ['operator', `$JS.API.DIRECT.GET.incidents.${part}`, ''],
      ['operator', '$JS.API.STREAM.INFO.incidents', ''],
      [
        'progress',
        '$JS.API.CONSUMER.MSG.NEXT.auth_events.progress_erase_user',
        JSON.stringify({ batch: 10, no_wait: true }),
      ],
    ]
    const reached = await reachingProgress(async () => {
      of('operator').publish(part, '{}', { headers: named })
      of('progress').publish('event.auth.user.deleted.v1.somebody', '{}', { headers: named })
      of('auth').publish('event.auth.user.deleted.v1.somebody', '{}')
      await Promise.all([answered('operator'), answered('progress'), answered('auth')])
      for (const [user, subject, body] of asks) {
        of(user).publish(subject, body, { reply: forgeable })
        await answered(user)
      }
      await manager.streams.info('auth_events')
    })
    expect(reached.length).toBeGreaterThan(0)
    for (const { headers } of reached) expect(headers?.get(header.userId) ?? '').toBe('')
  })
})

describe('progress, which erases', () => {
  it('empties its own stream of a subject, and no other', async () => {
    for (const subject of ['event.progress.log.advanced.v1.one', 'event.progress.log.advanced.v1.two']) {
      of('progress').publish(subject, '{}')
    }
    await answered('progress')
    const stored = async (stream: string): Promise<number> => (await manager.streams.info(stream)).state.messages
    const before = [await stored('auth_events'), await stored('incidents')]
    const filter = { filter: 'event.progress.log.advanced.v1.one' }
    const purged = await ask('progress', '$JS.API.STREAM.PURGE.progress_log', filter)
    expect(purged?.json()).toMatchObject({ success: true, purged: 1 })
    expect(await stored('progress_log')).toBe(1)
    const elsewhere = { filter: 'event.auth.>' }
    expect((await ask('progress', '$JS.API.STREAM.PURGE.progress_log', elsewhere))?.json()).toMatchObject({ purged: 0 })
    expect(await ask('progress', '$JS.API.STREAM.PURGE.auth_events', {})).toBeUndefined()
    expect(await ask('progress', '$JS.API.STREAM.PURGE.incidents', {})).toBeUndefined()
    expect([await stored('auth_events'), await stored('incidents')]).toEqual(before)
  })
})

it('lets nobody in without a password', async () => {
  await expect(connect({ servers: new URL(server.url).host, reconnect: false })).rejects.toThrow(/authorization/i)
})
