// Every parameter of the routes that read progress, as nobody should send it: refused by name, or taken for what it says,
// and never a 5xx.
import type { ChangesPage, DayList, Head, Snapshot, TrackList, TrackPage } from '@cairn/contracts'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultsOfOurs } from './progress/faults-of-ours.ts'
import { eventText, expectFieldFault, newPhone, type Phone } from './progress/phone.ts'

let stack: Stack
let phone: Phone
let head: Head
const names = ['a', 'b/c', 'd e', '\u00e9\u{1F600}', '%2F', '?x=1#y', '+', '\u{1F600}'.repeat(128)]
beforeAll(async () => {
  stack = await startStack()
  phone = await newPhone(stack)
  const events = names.map(name => eventText({ track_id: JSON.stringify(name), item_id: JSON.stringify(name) }))
  head = (await phone.submit(...events)).head
})
afterAll(() => stack.stop())

const expectStatus = async (path: string, status: number, code?: string): Promise<void> => {
  const answer = await phone.get(path)
  expect([answer.status, answer.body['code']]).toEqual([status, code])
}

describe('since', () => {
  it.each(['', '-1', '0.5', '1e3', '1.0', 'abc', '0x1', '%00', ' 1', '9007199254740992', '9'.repeat(30), '0&since=0'])(
    'as %j is refused',
    async since => expectFieldFault(await phone.get(`/changes?since=${since}&epoch=${head.epoch}`), 'since'),
  )

  it('is required', async () => expectFieldFault(await phone.get('/changes'), 'since'))

  it('beyond the head asks for a resync, at the head finds nothing', async () => {
    const at = (since: number): string => `/changes?since=${since}&epoch=${head.epoch}`
    await expectStatus(at(head.seq + 1), 409, 'resync_required')
    await expectStatus(at(Number.MAX_SAFE_INTEGER), 409, 'resync_required')
    const { body } = await phone.get<ChangesPage>(at(head.seq))
    expect(body).toMatchObject({ to_seq: head.seq, events: [], items: [], tracks: [], has_more: false, head })
  })
})

describe('epoch', () => {
  it.each(['wrong', '%00', '%ff', '%F0%9F%98%80', "'", 'x'.repeat(64)])('as %j is not ours: resync', async epoch =>
    expectStatus(`/changes?since=0&epoch=${epoch}`, 409, 'resync_required'),
  )

  it.each(['since=0&epoch=', `since=0&epoch=${'x'.repeat(65)}`, 'since=1', 'since=1&epoch=a&epoch=b'])(
    'in %s is refused',
    async query => expectFieldFault(await phone.get(`/changes?${query}`), 'epoch'),
  )

  it('in another case is another one', async () => {
    const upper = head.epoch.toUpperCase()
    expect(upper).not.toBe(head.epoch)
    await expectStatus(`/changes?since=0&epoch=${upper}`, 409, 'resync_required')
  })
})

describe.each(['/changes?since=0', '/tracks?', '/tracks/a?'])('limit of %s', path => {
  it.each(['0', '-1', 'abc', '', '1.5', '1e2', '%31%00', '1&limit=2', '-9007199254740993'])(
    'as %j is refused',
    async limit => expectFieldFault(await phone.get(`${path}&limit=${limit}`), 'limit'),
  )

  it.each(['1', '01', '1000', '1001', '1000000000', '9007199254740993', '9'.repeat(30)])(
    'as %s is taken, with a bound',
    async limit => {
      const { status, body } = await phone.get<Partial<ChangesPage & TrackList & TrackPage>>(`${path}&limit=${limit}`)
      expect(status).toBe(200)
      expect((body.events ?? body.tracks ?? body.items)?.length).toBe(
        limit.endsWith('1') && limit.length < 3 ? 1 : path.includes('/a') ? 1 : names.length,
      )
    },
  )
})

describe('cursor', () => {
  const encode = (text: string): string => Buffer.from(text).toString('base64url')

  it.each(['/tracks', '/tracks/a'])('of %s that was never given out is refused', async path => {
    const garbage = [
      '!',
      'AAAA',
      '%00',
      '%ff',
      encode('before:'),
      encode('before:-1'),
      encode('before:1e3'),
      encode('after:'),
    ]
    const more = [
      encode('before:9999999999999999'),
      encode('after:\0'),
      encode(`after:${'x'.repeat(129)}`),
      'a'.repeat(1_025),
      '',
    ]
    for (const cursor of [...garbage, ...more]) expectFieldFault(await phone.get(`${path}?cursor=${cursor}`), 'cursor')
  })

  it('of one list is refused by the other', async () => {
    const { body } = await phone.get<TrackList>('/tracks?limit=1')
    expectFieldFault(await phone.get(`/tracks/a?cursor=${body.next_cursor}`), 'cursor')
    expectFieldFault(await phone.get(`/tracks?cursor=${encode('after:a')}`), 'cursor')
  })

  it('of another user shows nothing of that user', async () => {
    const { body } = await phone.get<TrackList>('/tracks?limit=1')
    const other = await newPhone(stack)
    await other.submit(eventText({ track_id: '"own"' }))
    const seen = await other.get<TrackList>(`/tracks?cursor=${body.next_cursor}`)
    expect(seen.body.tracks.map(track => track.track_id)).toEqual(['own'])
    const items = await other.get<TrackPage>(`/tracks/own?cursor=${encode('after:a')}`)
    expect(items.body.items.map(item => item.track_id)).toEqual(['own'])
  })

  it('leads through all tracks, each once, one at a time', async () => {
    const seen: string[] = []
    for (let query = ''; ;) {
      const { body } = await phone.get<TrackList>(`/tracks?limit=1${query}`)
      seen.push(...body.tracks.map(track => track.track_id))
      if (body.next_cursor === null) break
      query = `&cursor=${body.next_cursor}`
    }
    expect(seen).toEqual(names.toReversed())
  })
})

describe.each(['?', '/changes?since=0'])('time_zone of %s', path => {
  it.each([
    '',
    'Mars/Olympus',
    '%2B02:00',
    '+02:00',
    'UTC%2B2',
    'GMT%2B1',
    '%20UTC',
    'UTC%00',
    '%ff',
    '%zz',
    '..%2FUTC',
    'x'.repeat(65),
    'UTC&time_zone=UTC',
  ])('as %j is refused', async zone => expectFieldFault(await phone.get(`${path}&time_zone=${zone}`), 'time_zone'))

  it.each([
    'UTC',
    'utc',
    'Europe/Berlin',
    'europe%2fBERLIN',
    'Etc/GMT%2B5',
    'EST5EDT',
    'America/Argentina/Buenos_Aires',
    'Asia/Calcutta',
  ])('as %j is a zone', async zone => expectStatus(`${path}&time_zone=${zone}`, 200))
})

describe('days', () => {
  it.each([
    ['to=2024-01-01', 'from'],
    ['from=2024-01-01', 'to'],
    ['from=2025-02-30&to=2025-03-01', 'from'],
    ['from=2023-02-29&to=2023-03-01', 'from'],
    ['from=2024-04-01&to=2024-04-31', 'to'],
    ['from=2024-00-01&to=2024-04-01', 'from'],
    ['from=2024-02-02&to=2024-02-01', 'to'],
    ['from=2024-01-01&to=2025-02-04', 'to'],
    ['from=0000-01-01&to=9999-12-31', 'to'],
    ['from=2024-1-1&to=2024-02-01', 'from'],
    ['from=2024-01-01T00:00:00Z&to=2024-02-01', 'from'],
    ['from=%2B2024-01-01&to=2024-02-01', 'from'],
    ['from=2024-01-01%0a&to=2024-02-01', 'from'],
    ['from=2024-01-01&to=', 'to'],
    ['from=2024-01-01&from=2024-01-02&to=2024-02-01', 'from'],
    ['from=%D9%A2024-01-01&to=2024-02-01', 'from'],
    ['from=2024-01-01&to=2024-01-02&time_zone=UTC', 'time_zone'],
  ])('of %s are refused for %s', async (query, field) => expectFieldFault(await phone.get(`/days?${query}`), field))

  it.each([
    'from=2024-01-01&to=2025-02-03',
    'from=2024-03-01&to=2024-03-01',
    'from=0000-01-01&to=0001-01-01',
    'from=9999-12-31&to=9999-12-31',
  ])('of %s are answered', async query => {
    const { status, body } = await phone.get<DayList>(`/days?${query}`)
    expect(status).toBe(200)
    expect(body.days.map(day => [day.date, day.events])).toEqual(
      query.includes('2024') ? [['2024-03-01', names.length]] : [],
    )
  })
})

describe('a track id in the path', () => {
  it.each(names)('%j is found, percent-encoded', async name => {
    const { status, body } = await phone.get<TrackPage>(`/tracks/${encodeURIComponent(name)}`)
    expect([status, body.track.track_id, body.items.map(item => item.item_id)]).toEqual([200, name, [name]])
  })

  it.each(['', 'A', 'unknown', '%00', 'a%0a', 'a%20', 'b/c', '%ef%bf%bd', '__proto__', '%F0%9F%98%80'.repeat(129)])(
    '%j is not found',
    async id => expectStatus(`/tracks/${id}`, 404, 'not_found'),
  )

  it.each(['%', '%2', '%zz', '%ff', '%ed%a0%80', 'a%c3', 'x'.repeat(1_600)])('%j is no path', async id =>
    expectStatus(`/tracks/${id}`, 400, 'invalid_request'),
  )
})

it.each(['?', '/changes?since=0', '/tracks?', '/tracks/a?', '/days?from=2024-01-01&to=2024-01-02'])(
  'nothing else may be asked of %s',
  async path => {
    for (const field of ['user_id', '__proto__', 'constructor'])
      expectFieldFault(await phone.get(`${path}&${field}=1`), field)
  },
)

it('what was refused has changed nothing, and none of it was an error of ours', async () => {
  expect((await phone.get<Snapshot>('')).body.head).toEqual(head)
  expect(faultsOfOurs(stack.logs)).toEqual([])
})
