// What nobody asks for any more is forgotten, by age and by number.
import { continueTrace, runInRequest } from '@cairn/runtime'
import { expect, it } from 'vitest'
import { MessageOrigins } from './message-origins.ts'

const inRequest = <T>(requestId: string, work: () => T): T => runInRequest({ requestId, trace: continueTrace() }, work)

it('knows whose a message is, until that is forgotten', () => {
  const origins = new MessageOrigins()
  inRequest('request-0001', () => origins.remember('a'))
  expect(origins.of('a')?.requestId).toBe('request-0001')
  origins.forget('a')
  expect(origins.of('a')).toBeUndefined()
})

it('forgets after a minute what was never asked for', () => {
  let now = 0
  const origins = new MessageOrigins(() => now)
  inRequest('request-0001', () => origins.remember('a'))
  now = 59_000
  inRequest('request-0002', () => origins.remember('b'))
  expect(origins.size).toBe(2)
  now = 61_000
  inRequest('request-0003', () => origins.remember('c'))
  expect(['a', 'b', 'c'].map(id => origins.of(id)?.requestId)).toEqual([undefined, 'request-0002', 'request-0003'])
})

it('remembers ten thousand at most', () => {
  const origins = new MessageOrigins()
  for (let id = 0; id <= 10_000; id += 1) inRequest('request-0001', () => origins.remember(String(id)))
  expect([origins.size, origins.of('0')]).toEqual([10_000, undefined])
})
