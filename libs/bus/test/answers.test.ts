// An answer is a message too, and its subject is the asker's to choose: it must not do what the asker could not, nor must the right
// to answer let an owner say anything else. With deploy/nats/accounts.conf, on a real server.
import {
  CairnError,
  cleanUpNonces,
  findUsersWithProgress,
  header,
  inspectAuthTables,
  inspectProgressTables,
  readHead,
  readKeySet,
  readSnapshot,
  type Operation,
  type Owner,
} from '@cairn/contracts'
import { Bus, route, serve } from '@cairn/bus'
import { deriveNatsUrl } from '@cairn/local'
import { captureLogs, eventually } from '@cairn/testkit'
import { headers as createHeaders } from '@nats-io/nats-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { except, openBusUsers, streams, type BusUsers, type User } from './fixtures/bus-users.ts'

const logs = captureLogs()
let bus: BusUsers

beforeAll(async () => {
  bus = await openBusUsers()
})
afterAll(() => bus.close())

const forgeable = 'request.progress.log.submit.v1'
const part = 'event.incident.part.kept.v1.a.b.c.d.e.f'
const advanced = 'event.progress.log.advanced.v1.victim'
const deleted = 'event.auth.user.deleted.v1.victim'
const named = createHeaders()
named.set(header.userId, 'victim')

const stored = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    await Promise.all(
      streams.map(async name => [name, (await bus.manager.streams.info(name)).state.messages] as const),
    ),
  )

/** Everything that must not happen because somebody was answered there. */
const targets = [
  ...streams.flatMap(stream => [`$JS.API.STREAM.PURGE.${stream}`, `$JS.API.STREAM.DELETE.${stream}`]),
  '$JS.API.STREAM.MSG.DELETE.auth_events',
  '$JS.API.CONSUMER.DELETE.auth_events.progress_erase_user',
  forgeable,
  'request.auth.user.delete.v1',
  advanced,
  deleted,
]

/** Every user who asks an owner anything, and one thing that it asks. */
const asks: readonly (readonly [User, Owner, Operation])[] = [
  ['gateway', 'auth', readKeySet],
  ['gateway', 'progress', readSnapshot],
  ['realtime', 'auth', readKeySet],
  ['realtime', 'progress', readHead],
  ['janitor', 'auth', inspectAuthTables],
  ['janitor', 'progress', inspectProgressTables],
  ['operator', 'auth', cleanUpNonces],
  ['operator', 'progress', findUsersWithProgress],
]

describe.each(asks)('what %s asks of %s', (asker, owner, { subject }) => {
  beforeEach(async () => {
    for (const kept of [deleted, advanced, part]) await bus.admin.request(kept, '{}')
  })

  it.each([false, true])('is answered to its inbox and nowhere else (with a failure: %s)', async fails => {
    const owning = await Bus.connect({ url: deriveNatsUrl(bus.url, owner), name: owner, logger: logs.loggerFor(owner) })
    // Without a detail a failure is `{}`, which JetStream takes for a request that says nothing.
    const handle = async (): Promise<{ keys: [] }> => {
      if (fails) throw new CairnError('token_invalid')
      return { keys: [] }
    }
    serve(owning, {
      owner,
      hashUser: String,
      handlerTimeoutMs: 1_000,
      routes: [{ ...route(readKeySet, handle), subject }],
    })
    await owning.nats.flush()
    const before = await stored()
    const reached = await bus.reaching(targets, async () => {
      for (const reply of targets) bus.of(asker).publish(subject, '{}', { reply })
      // Asked last, answered last.
      const answer = await bus.of(asker).request(subject, '{}', { timeout: 2_000 })
      expect(answer.json()).toEqual(fails ? {} : { keys: [] })
    })
    await owning.drain(0)
    expect(reached.map(message => message.subject)).toEqual([])
    expect(await stored()).toEqual(before)
  })

  it('makes an owner that would answer anywhere say nothing that it may not say unasked', async () => {
    const own = owner === 'auth' ? [deleted] : [advanced, '$JS.API.STREAM.PURGE.progress_log']
    const answering = bus.of(owner).subscribe(subject, {
      callback: (_error, message) => void message.respond('{}', { headers: named }),
    })
    await bus.answered(owner)
    const reached = await bus.reaching(targets, async () => {
      for (const reply of targets) bus.of(asker).publish(subject, '{}', { reply })
      await bus.of(asker).request(subject, '{}', { timeout: 2_000 })
    })
    answering.unsubscribe()
    expect(reached.map(message => message.subject).filter(one => !own.includes(one))).toEqual([])
  })
})

/** What each user may both say and hear. */
const selfHeard: readonly (readonly [User, string])[] = [
  ...except('provisioner').map(user => [user, 'event.incident.opened.v1'] as const),
  // What a stream keeps, and what none does.
  ['auth', deleted],
  ['auth', 'event.auth.something.else'],
  ['progress', advanced],
  ['progress', 'event.progress.something.else'],
]

describe.each(selfHeard)('%s, who hears its own %s', (user, event) => {
  const elsewhere = targets.filter(target => target !== event)

  it.each(elsewhere)('gets no right to publish to %s by it', async target => {
    const may = await bus.publishing(user, target)
    const listening = bus.of(user).subscribe(event, { callback: () => undefined })
    bus.of(user).publish(event, '{}', { reply: target })
    await bus.answered(user)
    expect(await bus.publishing(user, target)).toEqual(may)
    listening.unsubscribe()
  })
})

// NATS before 2.12 takes it for a request, in its own name.
describe("JetStream's own answer, which no permission holds back", () => {
  const erasable = ['auth_events', 'incidents']
  const erasing = erasable.flatMap(stream => [`$JS.API.STREAM.PURGE.${stream}`, `$JS.API.STREAM.MSG.DELETE.${stream}`])
  const erasableStored = async (): Promise<readonly (number | undefined)[]> => {
    const messages = await stored()
    return erasable.map(stream => messages[stream])
  }

  beforeEach(async () => {
    // The number under which an incident's part was stored, four of them in a test, is also one of auth's.
    for (let n = 0; n <= erasing.length; n++) await bus.admin.request(deleted, '{}')
    await bus.admin.request(part, '{}')
  })

  it.each(except('provisioner'))('takes nothing away when it acknowledges a message of %s', async user => {
    const before = await erasableStored()
    for (const reply of erasing) {
      const heard: unknown[] = []
      const listening = bus.admin.subscribe(reply, { callback: (_error, message) => void heard.push(message) })
      await bus.admin.flush()
      bus.of(user).publish(part, '{}', { reply })
      await eventually(() => expect(heard).toHaveLength(1))
      listening.unsubscribe()
      expect([reply, await erasableStored()]).toEqual([reply, before])
    }
  })
})
