// A request names the user for whom it is made, and an owner believes it. Nobody but the gateway makes one by way of JetStream, whose
// own word is not subject to permissions: with deploy/nats/accounts.conf, on a real server.
import { header } from '@cairn/contracts'
import { headers as createHeaders } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { except, openBusUsers, streams, type BusUsers, type User } from './fixtures/bus-users.ts'

let bus: BusUsers

beforeAll(async () => {
  bus = await openBusUsers()
})
afterAll(() => bus.close())

describe('a request in the name of a user', () => {
  const forgeable = 'request.progress.log.submit.v1'
  const part = 'event.incident.part.kept.v1.a.b.c.d.e.f'
  const named = createHeaders()
  named.set(header.userId, 'somebody')
  const reaching = (attempt: () => Promise<unknown>) => bus.reaching(['request.progress.>'], attempt)

  it.each(except('provisioner'))('is not made by a stream that %s changes or a consumer that it makes', async user => {
    const { config } = await bus.manager.streams.info('incidents')
    const consumer = { deliver_subject: forgeable, ack_policy: 'none', durable_name: 'forger' }
    const reached = await reaching(async () => {
      const republishing = { ...config, republish: { src: part, dest: forgeable } }
      expect(await bus.ask(user, '$JS.API.STREAM.UPDATE.incidents', republishing)).toBeUndefined()
      const taking = { ...config, subjects: [...config.subjects, 'request.progress.>'] }
      expect(await bus.ask(user, '$JS.API.STREAM.UPDATE.incidents', taking)).toBeUndefined()
      for (const stream of streams) {
        const order = { stream_name: stream, config: consumer }
        expect(await bus.ask(user, `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.forger`, order)).toBeUndefined()
        expect(await bus.ask(user, `$JS.API.CONSUMER.CREATE.${stream}.forger`, order)).toBeUndefined()
      }
      bus.of(user).publish(part, '{}', { headers: named })
      await bus.answered(user)
    })
    expect(reached).toEqual([])
    expect((await bus.manager.streams.info('incidents')).config).toEqual(config)
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
    const reached = await reaching(async () => {
      bus.of('operator').publish(part, '{}', { headers: named })
      bus.of('progress').publish('event.auth.user.deleted.v1.somebody', '{}', { headers: named })
      bus.of('auth').publish('event.auth.user.deleted.v1.somebody', '{}')
      await Promise.all([bus.answered('operator'), bus.answered('progress'), bus.answered('auth')])
      for (const [user, subject, body] of asks) {
        bus.of(user).publish(subject, body, { reply: forgeable })
        await bus.answered(user)
      }
      await bus.manager.streams.info('auth_events')
    })
    expect(reached.length).toBeGreaterThan(0)
    for (const { headers } of reached) expect(headers?.get(header.userId) ?? '').toBe('')
  })
})
