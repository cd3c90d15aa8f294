// Who may do what on the bus: deploy/nats/accounts.conf, on a real server. That services may do what they have to is shown by every
// test that starts them, since all of them connect as themselves.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deriveNatsUrl, type Backend } from '@cairn/local'
import { startTestBus } from '@cairn/testkit'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const users = ['gateway', 'auth', 'progress', 'realtime', 'janitor', 'operator'] as const
type User = (typeof users)[number]

let server: Backend
const connections = new Map<User, NatsConnection>()
const faults = new Map<User, string[]>()

beforeAll(async () => {
  server = await startTestBus()
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
  for (const connection of connections.values()) await connection.close()
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
    'STREAM.DELETE.progress_log',
    'STREAM.DELETE.auth_events',
    'STREAM.DELETE.incidents',
    'STREAM.PURGE.auth_events',
    'STREAM.PURGE.incidents',
    'STREAM.MSG.DELETE.progress_log',
    'STREAM.CREATE.another',
    'CONSUMER.DELETE.auth_events.progress_erase_user',
    'STREAM.SNAPSHOT.progress_log',
    'ACCOUNT.PURGE.CAIRN',
    'SERVER.REMOVE',
    'META.LEADER.STEPDOWN',
  ])('may not ask JetStream for %s', async subject => {
    expect(await publishing(user, `$JS.API.${subject}`)).toEqual(refused)
  })

  it('changes no stream of others', async () => {
    const streams = { auth_events: 'auth', progress_log: 'progress' }
    for (const [stream, owner] of Object.entries(streams)) {
      const expected = user === owner ? [] : refused
      expect(await publishing(user, `$JS.API.STREAM.UPDATE.${stream}`)).toEqual(expected)
    }
  })
})

it('lets nobody in without a password', async () => {
  await expect(connect({ servers: new URL(server.url).host, reconnect: false })).rejects.toThrow(/authorization/i)
})
