import { expect, it } from 'vitest'
import { readDenialsCursor, writeDenialsCursor, type DenialsCursor } from './denials-cursor.ts'

const id = '0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000'

it.each<DenialsCursor['list']>(['sessions', 'users'])('a cursor in %s reads as it was written', list => {
  const cursor = { list, at: '2026-01-02T03:04:05.678901Z', id }
  expect(readDenialsCursor(writeDenialsCursor(cursor))).toEqual(cursor)
})

it.each([
  '',
  'sessions',
  `others/2026-01-02T03:04:05.678901Z/${id}`,
  `users/2026-99-02T03:04:05.678901Z/${id}`,
  `users//${id}`,
])('%j is none', text => {
  expect(readDenialsCursor(text)).toBeUndefined()
})
