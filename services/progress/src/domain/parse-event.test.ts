import { Event } from '@cairn/contracts'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { parseEvent } from './parse-event.ts'

const sound = {
  event_id: '018f3c6e-7b1a-7c3d-8e9f-0123456789AB',
  track_id: 'course/1',
  item_id: 'lesson 1',
  kind: 'advanced',
  occurred_at: '2024-03-01T10:00:00.1239+02:00',
}
const faultsOf = (sent: unknown): string[] => {
  const parsed = parseEvent(sent)
  return parsed.ok ? [] : parsed.errors.map(fault => fault.path)
}

describe('an event that is sound', () => {
  it('is parsed: id in lower case, time cut to the millisecond, nothing where nothing was sent', () => {
    expect(parseEvent(sound)).toEqual({
      ok: true,
      event: {
        eventId: '018f3c6e-7b1a-7c3d-8e9f-0123456789ab',
        trackId: 'course/1',
        itemId: 'lesson 1',
        kind: 'advanced',
        occurredAtMs: Date.parse('2024-03-01T08:00:00.123Z'),
        offsetMinutes: 120,
        percent: null,
        score: null,
        points: null,
        durationMs: null,
      },
    })
  })

  it.each([
    { percent: 0 },
    { percent: 100 },
    { percent: 33.3 },
    { score: -1e12 },
    { score: 1e12 },
    { points: 0 },
    { points: 1_000_000_000 },
    { duration_ms: 2_592_000_000 },
    { track_id: '\u{1F600}'.repeat(128) },
    { track_id: '__proto__' },
    { track_id: '...', item_id: '..' },
    { item_id: ' ' },
    { event_id: '00000000-0000-0000-0000-000000000000' },
    { event_id: 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF' },
    { kind: 'reset' },
  ])('may have %j', change => expect(faultsOf({ ...sound, ...change })).toEqual([]))

  it('has no negative zero', () => {
    const parsed = parseEvent({ ...sound, percent: -0, score: -0, points: -0, duration_ms: -0 })
    expect(
      parsed.ok && [parsed.event.percent, parsed.event.score, parsed.event.points, parsed.event.durationMs],
    ).toEqual([0, 0, 0, 0])
  })
})

describe('an event that is not sound', () => {
  it.each([
    [{ percent: -0.1 }, '/percent'],
    [{ percent: 100.1 }, '/percent'],
    [{ percent: '50' }, '/percent'],
    [{ percent: null }, '/percent'],
    [{ percent: undefined }, '/percent'],
    [{ score: 1.1e12 }, '/score'],
    [{ score: Number.POSITIVE_INFINITY }, '/score'],
    [{ score: Number.NaN }, '/score'],
    [{ points: 1.5 }, '/points'],
    [{ points: -1 }, '/points'],
    [{ points: 1_000_000_001 }, '/points'],
    [{ points: true }, '/points'],
    [{ duration_ms: 2_592_000_001 }, '/duration_ms'],
    [{ track_id: '' }, '/track_id'],
    [{ track_id: 'a'.repeat(129) }, '/track_id'],
    [{ track_id: '\u{1F600}'.repeat(129) }, '/track_id'],
    [{ track_id: 'a\0' }, '/track_id'],
    [{ track_id: '.' }, '/track_id'],
    [{ track_id: '..' }, '/track_id'],
    [{ item_id: 'a\u007f' }, '/item_id'],
    [{ item_id: 'a\u0085' }, '/item_id'],
    [{ item_id: '\ud800' }, '/item_id'],
    [{ item_id: 7 }, '/item_id'],
    [{ kind: 'finished' }, '/kind'],
    [{ kind: 'toString' }, '/kind'],
    [{ occurred_at: 1_700_000_000 }, '/occurred_at'],
    [{ occurred_at: '2024-03-01T10:00:60Z' }, '/occurred_at'],
    [{ colour: 'red' }, '/colour'],
    [{ 'a/b~c': 1 }, '/a~1b~0c'],
    [{ kind: 'reset', percent: 1 }, '/percent'],
    [{ kind: 'reset', points: 0 }, '/points'],
  ])('%j is a fault of %s', (change, path) => expect(faultsOf({ ...sound, ...change })).toEqual([path]))

  it.each([null, undefined, 7, 'event', [], [sound]])('%j is no event at all', sent => {
    expect(parseEvent(sent)).toMatchObject({ ok: false, eventId: null, errors: [{ path: '' }] })
  })

  it('names every field that is missing, and keeps an id that can be used', () => {
    expect(faultsOf({})).toEqual(['/event_id', '/track_id', '/item_id', '/kind', '/occurred_at'])
    expect(parseEvent({ event_id: sound.event_id })).toMatchObject({ eventId: sound.event_id.toLowerCase() })
    expect(parseEvent({ ...sound, event_id: 'urn:uuid:x' })).toMatchObject({ eventId: null })
  })

  it('never costs more than a bounded answer', () => {
    const names = Array.from({ length: 500 }, (_, n) => [`${'\ud800~'.repeat(5_000)}${n}`, n] as const)
    const parsed = parseEvent({ ...sound, ...Object.fromEntries(names) })
    expect(JSON.stringify(parsed).length).toBeLessThan(10_000)
  })

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), sent => void parseEvent(sent)),
      { numRuns: 300 },
    )
  })
})

describe('what openapi.yaml says of an event', () => {
  const documented = Compile(Event)
  /** Sound nine times in ten, so that most events have one fault or none. */
  const mostly = (good: readonly unknown[], faulty: readonly unknown[]) =>
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...faulty) })
  const smiles = (count: number): string => '\u{1F600}'.repeat(count)
  const candidates = fc.record(
    {
      event_id: mostly([sound.event_id, sound.event_id.toLowerCase()], ['x', `${sound.event_id}0`, 7, null]),
      track_id: mostly(['t', 'x'.repeat(128), smiles(128)], ['x'.repeat(129), smiles(129), '', 1]),
      item_id: mostly(['i', ' ', '~/'], ['', null]),
      kind: mostly(['started', 'advanced', 'completed', 'practiced', 'reset'], ['Reset', 0]),
      occurred_at: mostly(
        [sound.occurred_at, '2024-02-29T23:59:59Z'],
        ['2023-02-29T00:00:00Z', '2024-03-01', 'now', 1],
      ),
      percent: mostly([0, 100, 33.3], [-0.1, 100.1, '1', null]),
      score: mostly([0, -1e12, 1e12], [1.1e12, true]),
      points: mostly([0, 1_000_000_000], [1_000_000_001, 0.5, -1]),
      duration_ms: mostly([0, 2_592_000_000], [2_592_000_001, '0']),
      colour: fc.constant('red'),
    },
    { requiredKeys: ['event_id', 'track_id', 'item_id', 'kind', 'occurred_at'] },
  )
  const carriesNothing = (sent: Readonly<Record<string, unknown>>): boolean =>
    ['percent', 'score', 'points', 'duration_ms'].every(field => !Object.hasOwn(sent, field))

  it('is what is accepted, but for what it says in words: what a reset carries', () => {
    fc.assert(
      fc.property(candidates, sent => {
        const fits = documented.Check(sent) && (sent.kind !== 'reset' || carriesNothing(sent))
        expect([sent, faultsOf(sent).length === 0]).toEqual([sent, fits])
      }),
      { numRuns: 3_000 },
    )
  })
})
