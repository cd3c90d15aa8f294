// What must not get in, and what must not be said, over each door: refused or closed with the code of design §6, nothing
// told to who has no business here, and the node serves on.
import { connect as connectTcp } from 'node:net'
import { eventually } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { doors, plainDoor, type ConnectOptions, type Refused, type TestClient } from './doors.ts'
import { startScene, type Scene } from './scene.ts'
import { epoch, type Person } from './stand-ins.ts'

describe.each(doors)('bad input over $name', door => {
  let scene: Scene
  let person: Person
  const clients: TestClient[] = []

  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.stop())
  const connect = async (options: ConnectOptions): Promise<TestClient> => {
    const result = await door.connect(scene.node.url, person.userId, options)
    if ('refused' in result) throw new Error(`refused: ${result.refused.code}`)
    clients.push(result)
    await eventually(() => expect(result.frames[0]?.type).toBe('session.ready'))
    return result
  }
  beforeEach(async () => {
    Object.assign(scene.others.progress, { down: false, headAfter: undefined })
    person = await scene.others.signIn()
    scene.others.commit(person.userId, 3)
  })
  /** The node lives: it lets in, and pushes. */
  const expectServing = async (): Promise<void> => {
    const client = await connect({ token: person.token })
    scene.others.publish(person.userId, scene.others.commit(person.userId, 1))
    await eventually(() => expect(client.frames.at(-1)).toMatchObject({ type: 'progress.changed' }))
  }
  afterEach(async () => {
    await expectServing()
    for (const open of clients.splice(0)) open.end()
  })

  const refusal = async (userId: string, options: ConnectOptions): Promise<Refused['refused']> => {
    const result = await door.connect(scene.node.url, userId, options)
    if (!('refused' in result)) throw new Error('was let in')
    return result.refused
  }
  const expectRefused = ({ code, status }: Refused['refused'], expected: string, httpStatus: number): void => {
    expect(code).toBe(expected)
    expect(status ?? httpStatus).toBe(httpStatus)
  }

  describe('in a handshake', () => {
    const bad: [string, (token: string) => ConnectOptions, string, number][] = [
      ['no token', () => ({}), 'token_invalid', 401],
      ['an empty token', () => ({ token: '' }), 'token_invalid', 401],
      ['a cookie alone', token => ({ cookie: `token=${token}` }), 'token_invalid', 401],
      ['nonsense', () => ({ token: 'nonsense' }), 'token_invalid', 401],
      ['a token cut short', token => ({ token: token.slice(0, -2) }), 'token_invalid', 401],
      [
        'a token of 9 KB',
        token => ({ token: `${token}${'a'.repeat(9_000)}`, tokenIn: 'elsewhere' }),
        'token_invalid',
        401,
      ],
      ["another page's origin", token => ({ token, origin: 'https://evil.example.com' }), 'forbidden', 403],
      ['the origin null', token => ({ token, origin: 'null' }), 'forbidden', 403],
    ]
    it.each(bad)('refuses %s', async (_what, optionsFor, code, status) => {
      expectRefused(await refusal(person.userId, optionsFor(person.token)), code, status)
    })

    it('lets in without an origin, and with a cookie beside the token', async () => {
      const client = await connect({ token: person.token, tokenIn: 'elsewhere', cookie: 'a=b' })
      expect(client.closed).toBe(false)
    })

    it('refuses an expired token', async () => {
      const past = Math.floor(Date.now() / 1_000) - 100
      const token = await scene.others.tokenFor(person, { iat: past - 10, exp: past })
      expectRefused(await refusal(person.userId, { token }), 'token_expired', 401)
    })

    it.each(['00000000-0000-4000-8000-000000000001', 'not-a-user', 'a'.repeat(64)])(
      "refuses this user's token on the path of %s",
      async userId => {
        expectRefused(await refusal(userId, { token: person.token }), 'forbidden', 403)
      },
    )

    it('refuses a token that expires while the head is read', async () => {
      // Sooner than the reading of a head may take, and not before the handshake has looked at the token.
      const exp = Math.ceil(Date.now() / 1_000 + 0.3)
      scene.others.progress.headAfter = eventually(() => expect(Date.now() / 1_000).toBeGreaterThan(exp))
      const token = await scene.others.tokenFor(person, { exp })
      expectRefused(await refusal(person.userId, { token }), 'token_expired', 401)
    })

    it('refuses a session that ends while the head is read', async () => {
      const other = await scene.others.signIn()
      const { promise, resolve } = Promise.withResolvers<void>()
      scene.others.progress.headAfter = promise
      const refused = refusal(other.userId, { token: other.token })
      await eventually(() => expect(scene.others.progress.headsAsked).toContain(other.userId))
      scene.others.endSession(other)
      await scene.others.bus.nats.flush()
      await eventually(async () => {
        expect((await refusal(other.userId, { token: other.token })).code).toBe('token_invalid')
      })
      resolve()
      expectRefused(await refused, 'token_invalid', 401)
    })

    it('survives a query of 10 MB', async () => {
      const target = door === plainDoor ? `/ws/user/${person.userId}?` : '/socket.io/?EIO=4&transport=websocket&'
      const socket = connectTcp({ port: scene.node.port, host: '127.0.0.1' })
      let answer = ''
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
      const ended = new Promise<void>(resolve => {
        socket.on('error', () => undefined)
        socket.on('close', () => resolve())
      })
      socket.write(`GET ${target}token=${'a'.repeat(10_000_000)}`)
      await ended
      // What was still under way may reset the connection before its answer is read.
      expect(answer === '' ? '431' : answer.split(' ')[1]).toBe('431')
    })
  })

  describe('in a frame', () => {
    const closingCode = async (client: TestClient): Promise<unknown> => {
      await eventually(() => expect(client.closed).toBe(true))
      return client.frames.at(-1)?.data['code']
    }

    it.each([
      ['an unknown type', 'unknown', {}],
      ['a type of the server', 'progress.changed', { epoch, seq: 0 }],
      ['a resume without data', 'resume', null],
      ['a resume from a list', 'resume', [epoch, 0]],
      ['a negative seq', 'resume', { epoch, seq: -1 }],
      ['a fractional seq', 'resume', { epoch, seq: 1.5 }],
      ['a huge seq', 'resume', { epoch, seq: 1e300 }],
      ['a seq beyond whole numbers', 'resume', { epoch, seq: 2 ** 53 }],
      ['a seq as text', 'resume', { epoch, seq: '1' }],
      ['an epoch of 10 KB', 'resume', { epoch: 'e'.repeat(10_000), seq: 0 }],
      ['no epoch', 'resume', { seq: 0 }],
      ['an unknown member', 'resume', { epoch, seq: 0, more: 1 }],
      ['binary', 'resume', Buffer.from([1, 2, 3])],
      ['a token that is no text', 'token.refresh', { token: 1 }],
      ['no token', 'token.refresh', {}],
    ])('closes 4500 for %s', async (_what, type, data) => {
      const client = await connect({ token: person.token })
      client.send(type, data)
      expect(await closingCode(client)).toBe(4500)
      expect(client.frames.map(frame => frame.type)).toEqual(['session.ready', 'session.closing'])
    })

    it('answers a seq of the future by the head to start again from', async () => {
      const client = await connect({ token: person.token })
      client.send('resume', { epoch, seq: 4 })
      await eventually(() => {
        expect(client.frames[1]).toMatchObject({ type: 'resume.reset', data: { head: { epoch, seq: 3 } } })
      })
    })

    it.each([
      ['text', 'nonsense'],
      ['half a frame', '{"type":'],
      ['nothing', ''],
      ['a number', '7'],
      ['bytes', Buffer.from([0, 255, 1, 254])],
      ['more than a frame may have', 'x'.repeat(20_000)],
    ])('ends a connection that sends %s', async (_what, bytes) => {
      const client = await connect({ token: person.token })
      client.sendRaw(bytes)
      await eventually(() => expect(client.closed).toBe(true))
      expect(client.frames.map(frame => frame.type)).not.toContain('progress.changed')
    })
  })
})
