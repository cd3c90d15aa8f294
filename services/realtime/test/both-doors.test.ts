// What design §6 promises, over each door: the same words, the same order, the same refusals and closes.
import { randomUUID } from 'node:crypto'
import { eventually, ownMs } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { doors, type ConnectOptions, type Refused, type TestClient } from './doors.ts'
import { startScene, type Scene } from './scene.ts'
import { epoch, type Person } from './stand-ins.ts'

describe.each(doors)('realtime over $name', door => {
  let scene: Scene
  let person: Person
  const clients: TestClient[] = []

  beforeAll(async () => {
    scene = await startScene({
      REALTIME_SOCKETS_PER_USER: '2',
      REALTIME_MAX_EVENTS_BEHIND: '20',
      REALTIME_REPAIR_RETRY_MS: '10',
      REALTIME_ALLOWED_ORIGINS: 'https://app.example.com',
    })
  })
  afterAll(() => scene.stop())
  beforeEach(async () => {
    Object.assign(scene.others.progress, { down: false, pageEvents: 1_000, pagesRead: 0 })
    person = await scene.others.signIn()
  })
  afterEach(() => {
    for (const client of clients.splice(0)) client.end()
  })

  const refusal = async (userId: string, options: ConnectOptions): Promise<Refused['refused']> => {
    const result = await door.connect(scene.node.url, userId, options)
    if (!('refused' in result)) throw new Error('was let in')
    return result.refused
  }
  const connect = async (who: Person, options: ConnectOptions = {}): Promise<TestClient> => {
    const result = await door.connect(scene.node.url, who.userId, { token: who.token, ...options })
    if ('refused' in result) throw new Error(`refused: ${result.refused.code}`)
    clients.push(result)
    await eventually(() => expect(result.frames.length).toBeGreaterThan(0))
    return result
  }
  const pages = (client: TestClient): string[] =>
    client.frames
      .filter(({ type }) => type === 'progress.changed')
      .map(({ data }) => `${String(data['from_seq'])}-${String(data['to_seq'])}${data['has_more'] === true ? '+' : ''}`)
  const commitAndPublish = (count = 1): void => {
    scene.others.publish(person.userId, scene.others.commit(person.userId, count))
  }
  /** The code of the last frame, which is that of the close itself where the door shows one. */
  const closingCode = async (client: TestClient): Promise<unknown> => {
    await eventually(() => expect(client.closed).toBe(true))
    const { type, data } = client.frames.at(-1) ?? {}
    const code = type === 'session.closing' ? data?.['code'] : undefined
    return client.closeCode === undefined || client.closeCode === code ? code : client.closeCode
  }

  describe('handshake', () => {
    it('refuses who brings no token, a bad one, or one that has expired', async () => {
      const past = Math.floor(Date.now() / 1_000) - 100
      const expired = await scene.others.tokenFor(person, { iat: past - 10, exp: past })
      const seen = await Promise.all([
        refusal(person.userId, {}),
        refusal(person.userId, { token: 'nonsense' }),
        refusal(person.userId, { token: expired }),
      ])
      expect(seen.map(({ code }) => code)).toEqual(['token_invalid', 'token_invalid', 'token_expired'])
      expect(seen.every(({ status }) => status === 401 || status === undefined)).toBe(true)
      expect(seen.every(({ requestId }) => /^[A-Za-z0-9_-]{22}$/.test(requestId))).toBe(true)
    })

    it("refuses another user's token and another page's origin", async () => {
      const other = await scene.others.signIn()
      const { token } = person
      const seen = await Promise.all([
        refusal(other.userId, { token }),
        refusal('not-a-user', { token }),
        refusal(person.userId, { token, origin: 'https://evil.example.com' }),
      ])
      for (const { code, status = 403 } of seen) expect([code, status]).toEqual(['forbidden', 403])
    })

    it('takes the token from either place, and origins on the list', async () => {
      const letIn = [
        await connect(person, { tokenIn: 'elsewhere' }),
        await connect(person, { origin: 'https://app.example.com' }),
      ]
      expect(letIn.map(({ frames }) => frames[0]?.type)).toEqual(['session.ready', 'session.ready'])
    })

    it('is unavailable while the head cannot be had, and serves again by itself', async () => {
      scene.others.progress.down = true
      const { code, status = 503 } = await refusal(person.userId, { token: person.token })
      expect([code, status]).toEqual(['unavailable', 503])
      scene.others.progress.down = false
      expect((await connect(person)).frames[0]?.type).toBe('session.ready')
    })

    it('says where the log stands before anything else', async () => {
      scene.others.commit(person.userId, 7)
      const client = await connect(person)
      expect(client.frames[0]).toMatchObject({ type: 'session.ready', data: { epoch, seq: 7 } })
      expect(client.frames[0]?.data['expires_in']).toBeGreaterThan(590)
      expect(client.frames[0]?.context.request_id).toMatch(/^[A-Za-z0-9_-]{22}$/)
      expect(client.frames[0]?.context.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    })
  })

  describe('live', () => {
    it('pushes what is committed to every socket of the user, in order, and to nobody else', async () => {
      const stranger = await connect(await scene.others.signIn())
      const both = [await connect(person), await connect(person)]
      commitAndPublish(2)
      commitAndPublish(1)
      for (const client of both) await eventually(() => expect(pages(client)).toEqual(['1-2', '3-3']))
      expect(both[0]?.frames[1]?.data['events']).toMatchObject([{ seq: 1, track_id: 'grüße' }, { seq: 2 }])
      expect(stranger.frames).toHaveLength(1)
      expect(scene.others.progress.pagesRead).toBe(0)
    })

    it('drops what was sent already', async () => {
      const client = await connect(person)
      const page = scene.others.commit(person.userId, 1)
      for (const again of [page, page]) scene.others.publish(person.userId, again)
      commitAndPublish()
      await eventually(() => expect(pages(client)).toEqual(['1-1', '2-2']))
    })

    it('repairs a gap before anything later goes out', async () => {
      const client = await connect(person)
      scene.others.commit(person.userId, 3)
      commitAndPublish()
      await eventually(() => expect(pages(client)).toEqual(['1-4']))
      commitAndPublish()
      await eventually(() => expect(pages(client)).toEqual(['1-4', '5-5']))
      expect(scene.others.progress.pagesRead).toBe(1)
    })

    it('repairs a gap as soon as progress answers again', async () => {
      const client = await connect(person)
      scene.others.progress.down = true
      scene.others.commit(person.userId, 1)
      commitAndPublish()
      commitAndPublish()
      scene.others.progress.down = false
      await eventually(() => expect(pages(client).at(-1)).toMatch(/-3$/))
      expect(client.frames.filter(({ type }) => type === 'resume.reset')).toEqual([])
    })
  })

  describe('resume', () => {
    it('sends what was missed page by page, the last without more, and is live then', async () => {
      scene.others.progress.pageEvents = 2
      scene.others.commit(person.userId, 5)
      const client = await connect(person)
      client.send('resume', { epoch, seq: 0 })
      await eventually(() => expect(pages(client)).toEqual(['1-2+', '3-4+', '5-5']))
      commitAndPublish()
      await eventually(() => expect(pages(client).at(-1)).toBe('6-6'))
    })

    it('is answered by an empty page when nothing was missed', async () => {
      scene.others.commit(person.userId, 3)
      const client = await connect(person)
      client.send('resume', { epoch, seq: 3 })
      await eventually(() => expect(pages(client)).toEqual(['4-3']))
      expect(client.frames[1]?.data).toMatchObject({ events: [], has_more: false })
    })

    it.each([
      ['of another epoch', { epoch: 'other', seq: 1 }],
      ['from beyond the head', { epoch, seq: 31 }],
      ['from too far back', { epoch, seq: 9 }],
    ])('%s is told to start again', async (_what, position) => {
      scene.others.commit(person.userId, 30)
      const client = await connect(person)
      client.send('resume', position)
      await eventually(() => {
        expect(client.frames[1]).toMatchObject({ type: 'resume.reset', data: { head: { epoch, seq: 30 } } })
      })
      commitAndPublish()
      await eventually(() => expect(pages(client)).toEqual(['31-31']))
    })
  })

  describe('ping', () => {
    it('is answered by the node itself, while no log can be read', async () => {
      const client = await connect(person)
      expect(client.frames[0]?.data['answers_ping']).toBe(true)
      scene.others.progress.down = true
      client.send('ping', {})
      await eventually(() => expect(client.frames[1]).toMatchObject({ type: 'pong', data: {} }))
      expect(scene.others.progress.pagesRead).toBe(0)
    })
  })

  describe('close', () => {
    it('ends the sockets of a session that has ended, within a second, and no others', async () => {
      const ended = await connect(person)
      const sessionId = randomUUID()
      const other = { ...person, sessionId, token: await scene.others.tokenFor({ ...person, sessionId }) }
      const lives = await connect(other)
      const ending = async (): Promise<void> => {
        scene.others.endSession(person)
        expect(await closingCode(ended)).toBe(4503)
      }
      expect(await ownMs(ending)).toBeLessThan(1_000)
      expect((await refusal(person.userId, { token: person.token })).code).toBe('token_invalid')
      commitAndPublish()
      await eventually(() => expect(pages(lives)).toEqual(['1-1']))
    })

    it('ends every socket of a user whose sessions are all over, within a second, and nobody else', async () => {
      const sessionId = randomUUID()
      const other = { ...person, sessionId, token: await scene.others.tokenFor({ ...person, sessionId }) }
      const ended = [await connect(person), await connect(other)]
      const stranger = await connect(await scene.others.signIn())
      const ending = async (): Promise<void> => {
        scene.others.signOut(person)
        for (const client of ended) expect(await closingCode(client)).toBe(4503)
      }
      expect(await ownMs(ending)).toBeLessThan(1_000)
      expect((await refusal(person.userId, { token: other.token })).code).toBe('token_invalid')
      const iat = Math.floor(Date.now() / 1_000) + 1
      const back = await connect({ ...person, token: await scene.others.tokenFor(person, { iat, exp: iat + 600 }) })
      expect([back.closed, stranger.closed]).toEqual([false, false])
    })

    it('lets the oldest go when a user has too many', async () => {
      const oldest = await connect(person)
      const newer = [await connect(person), await connect(person)]
      expect(await closingCode(oldest)).toBe(4504)
      commitAndPublish()
      for (const client of newer) await eventually(() => expect(pages(client)).toEqual(['1-1']))
    })
  })

  describe('token life', () => {
    const shortLived = async (seconds: number): Promise<Person> => {
      const exp = Math.floor(Date.now() / 1_000) + seconds
      return { ...person, token: await scene.others.tokenFor(person, { exp }) }
    }

    it('warns, and goes on with a newer token', async () => {
      const client = await connect(await shortLived(3))
      await eventually(() => expect(client.frames.at(-1)).toMatchObject({ type: 'token.expiring' }))
      client.send('token.refresh', { token: await scene.others.tokenFor(person) })
      commitAndPublish()
      await eventually(() => expect(pages(client)).toEqual(['1-1']))
    })

    it('ends on a bad token with the code that says to refresh', async () => {
      const client = await connect(person)
      client.send('token.refresh', { token: 'nonsense' })
      expect(await closingCode(client)).toBe(4401)
    })

    it("ends on another user's token", async () => {
      const client = await connect(person)
      client.send('token.refresh', { token: (await scene.others.signIn()).token })
      expect(await closingCode(client)).toBe(4500)
    })
  })

  it('never writes a token to the log', () => {
    expect(scene.logs.lines.join('')).not.toContain('eyJ')
  })
})
